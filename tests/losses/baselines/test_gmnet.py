import numpy as np
import pytest
import torch

from twostage_hdr.losses.baselines.gmnet import GainMapLoss
from twostage_hdr.networks.baselines.gmnet import GMNet


def test_it_is_the_distance_of_two_gain_maps_where_it_is_not_dark() -> None:
    """Results of 2 and 3 stops over a photograph of 0.9 white: one of 6 stops (peak 64) apart, but for the floor."""
    loss = GainMapLoss(peak=64.0)
    prediction, target = torch.full((1, 3, 2, 2), 0.9 * 8), torch.full((1, 3, 2, 2), (0.9 * 4) ** (1 / 2.24))
    assert loss(prediction, target).item() == pytest.approx(1 / 6, rel=2e-3)
    expected = np.log2((0.9 * 8 + 1 / 256) / (0.9 * 4 + 1 / 256)) / 6
    assert loss(prediction, target).item() == pytest.approx(expected, rel=1e-4)


def test_black_has_a_finite_loss_and_its_gradient_is_right() -> None:
    prediction = torch.rand(1, 3, 4, 4, dtype=torch.float64)
    prediction[..., :2] = 0
    prediction.requires_grad_()
    assert torch.autograd.gradcheck(GainMapLoss(peak=8.0), (prediction, torch.rand(1, 3, 4, 4).double() * 3 + 1))
    assert torch.isfinite(GainMapLoss(peak=8.0)(torch.zeros(1, 3, 2, 2), torch.zeros(1, 3, 2, 2)))


def test_it_trains_the_network_that_it_is_made_for() -> None:
    torch.manual_seed(0)
    network, loss = GMNet(features=8, blocks=1, peak=16.0), GainMapLoss(peak=16.0)
    ldr, target = torch.rand(2, 3, 16, 16).clamp(0.1), torch.full((2, 3, 16, 16), 1.5)
    with torch.no_grad():  # off the end of the clamped map, where a fresh network may start
        network.to_largest[-1].bias.fill_(0.5)
        network.to_map.bias.fill_(0.5)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(25):
        value = loss(network(ldr), target)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        losses.append(value.item())
    assert losses[-1] < 0.8 * losses[0]
