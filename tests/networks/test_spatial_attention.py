import numpy as np
import torch
from scipy.signal import correlate2d
from torch import nn

from twostage_hdr.networks.spatial_attention import SpatialAttention


def test_a_silent_gate_halves_the_convolution() -> None:
    attention = SpatialAttention(features=4)
    nn.init.zeros_(attention.gate.weight)
    x = torch.randn(2, 4, 6, 5)
    torch.testing.assert_close(attention(x), 0.5 * attention.conv(x))


def test_the_gate_is_the_logistic_of_a_correlation_of_channel_mean_and_maximum() -> None:
    attention = SpatialAttention(features=3)
    nn.init.zeros_(attention.conv.weight)
    nn.init.ones_(attention.conv.bias)
    x = torch.randn(1, 3, 9, 10)
    mean, peak = x[0].numpy().mean(axis=0), x[0].numpy().max(axis=0)
    kernels = attention.gate.weight[0].detach().numpy()
    score = correlate2d(mean, kernels[0], mode="same") + correlate2d(peak, kernels[1], mode="same")
    expected = np.broadcast_to(1 / (1 + np.exp(-score)), (1, 3, 9, 10))
    np.testing.assert_allclose(attention(x).detach().numpy(), expected, atol=1e-6)


def test_the_gate_has_no_bias() -> None:
    assert sum(p.numel() for p in SpatialAttention(features=64).parameters()) == 2 * 49 + 9 * 64 * 64 + 64
