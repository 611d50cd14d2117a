import numpy as np
import pytest
import torch
import torch.nn.functional as F

from twostage_hdr.networks.baselines.response_estimation import (
    ResponseEstimation,
    _ResidualBlock,
    apply_response,
    make_monotone,
    soft_histogram,
)


def test_an_untrained_estimate_is_the_mean_curve() -> None:
    curve = ResponseEstimation(features=4).eval()(torch.rand(2, 3, 16, 16))
    expected = torch.linspace(0, 1, 1024).expand(2, -1) ** 2.24
    torch.testing.assert_close(curve, expected, atol=1e-5, rtol=1e-3)


def test_mixed_precision_does_not_round_the_curve() -> None:
    network = ResponseEstimation(features=4).eval()
    torch.nn.init.constant_(network.to_weights.bias, 0.0625)  # exact in bfloat16
    image = torch.rand(1, 3, 16, 16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        curve = network(image)
    torch.testing.assert_close(curve, network(image))


def test_any_curve_becomes_monotone_from_0_to_1_and_a_monotone_one_stays() -> None:
    wild = torch.randn(4, 200).cumsum(1)
    tamed = make_monotone(wild)
    assert (tamed.diff(dim=1) >= 0).all()
    torch.testing.assert_close(tamed[:, [0, -1]], torch.tensor([0.0, 1.0]).expand(4, 2))
    rising = torch.linspace(0, 1, 50)[None] ** 3
    torch.testing.assert_close(make_monotone(rising), rising)


def test_the_lookup_interpolates_like_numpy() -> None:
    curve = make_monotone(torch.rand(1, 30).cumsum(1))
    image = torch.rand(1, 3, 5, 7)
    expected = np.interp(image.numpy(), np.linspace(0, 1, 30), curve[0].numpy())
    np.testing.assert_allclose(apply_response(image, curve).numpy(), expected, atol=1e-6)


def test_memberships_of_a_pixel_sum_to_one_between_the_outer_centres() -> None:
    image = torch.rand(1, 3, 6, 6) * 0.7 + 0.15
    histogram = soft_histogram(image, 4).view(1, 3, 4, 6, 6)
    torch.testing.assert_close(histogram.sum(dim=2), torch.ones(1, 3, 6, 6))


@pytest.mark.parametrize("size", [(8, 8), (7, 5), (1, 1)])
def test_the_projection_is_a_1x1_convolution_of_stride_2(size: tuple[int, int]) -> None:
    block, x = _ResidualBlock(3, 6).double().eval(), torch.rand(2, 3, *size, dtype=torch.float64)
    projected = F.conv2d(x, block.project.weight, block.project.bias, stride=2)
    torch.testing.assert_close(block(x), F.relu(block.body(x) + projected))
