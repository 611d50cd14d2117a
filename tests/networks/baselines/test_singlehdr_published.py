"""Steps of the published program against OpenCV, NumPy and closed forms; the whole: `tests/inference/published`."""

import cv2
import numpy as np
import pytest
import torch

from twostage_hdr.networks.baselines.singlehdr_published import PublishedSingleHDR, _double, _histogram


@pytest.fixture
def network() -> PublishedSingleHDR:
    return PublishedSingleHDR(features=2).eval()


@pytest.mark.parametrize("size", [(70, 100), (64, 128), (64, 65), (200, 31)])
def test_an_image_is_stretched_mirrored_and_taken_back_as_by_opencv_and_numpy(network, size, monkeypatch) -> None:
    rng = np.random.default_rng(0)
    image = rng.random((*size, 3), np.float32)
    sides = [-(-side // 64) * 64 for side in size]
    stretched = cv2.resize(image, sides[::-1], interpolation=cv2.INTER_CUBIC) if sides != [*size] else image
    framed = np.pad(stretched, ((32, 32), (32, 32), (0, 0)), mode="symmetric")
    seen = []
    monkeypatch.setattr(network, "frame_output", lambda frame: seen.append(frame) or frame)
    result = network(torch.from_numpy(image).permute(2, 0, 1)[None])
    np.testing.assert_allclose(seen[0][0].permute(1, 2, 0), framed, atol=2e-5)
    back = cv2.resize(stretched, size[::-1], interpolation=cv2.INTER_CUBIC) if sides != [*size] else image
    np.testing.assert_allclose(result[0].permute(1, 2, 0), back.clip(min=0), atol=2e-5)


def test_doubling_keeps_every_pixel_and_puts_means_between_them() -> None:
    x = torch.rand(1, 1, 5, 7)
    doubled = _double(x)
    assert doubled.shape == (1, 1, 10, 14)
    torch.testing.assert_close(doubled[..., ::2, ::2], x)
    torch.testing.assert_close(doubled[..., ::2, 1:-1:2], (x[..., 1:] + x[..., :-1]) / 2)
    torch.testing.assert_close(doubled[..., -1, ::2], x[..., -1, :])


def test_memberships_in_the_histograms_bins_sum_to_one_and_have_the_value_as_their_mean() -> None:
    image = torch.rand(1, 3, 4, 4)
    members = _histogram(image, 8).unflatten(1, (9, 3))
    torch.testing.assert_close(members.sum(dim=1), torch.ones_like(image))
    torch.testing.assert_close((members * torch.linspace(0, 1, 9).view(-1, 1, 1, 1)).sum(dim=1), image)


def test_gradients_are_those_of_opencv_down_then_across(network) -> None:
    image = np.random.default_rng(0).random((9, 12), np.float32)
    given = torch.from_numpy(image)[None, None].expand(1, 3, -1, -1)
    padded = torch.nn.functional.pad(given, (1, 1, 1, 1), mode="reflect")
    gradients = torch.nn.functional.conv2d(padded, network.response.sobel, groups=3)[0]
    for order, (dx, dy) in enumerate([(0, 1), (1, 0)]):
        sobel = cv2.Sobel(image, cv2.CV_32F, dx, dy, borderType=cv2.BORDER_REFLECT_101)
        np.testing.assert_allclose(gradients[order], sobel, atol=1e-5)


def test_light_below_the_ramp_is_left_to_the_response_where_refinement_adds_nothing(network) -> None:
    ldr = torch.rand(1, 3, 64, 64) * 0.85
    with torch.no_grad():
        for part in (network.dequantization, network.refinement):
            part.to_rgb.weight.zero_()
            part.to_rgb.bias.zero_()
        torch.testing.assert_close(network(ldr), ldr, atol=1e-5, rtol=0)  # without EMoR, the response is the identity
        assert not torch.allclose(network(ldr + 0.15), ldr + 0.15, atol=1e-3)


def test_the_response_stays_smooth_in_bfloat16(network) -> None:
    """Its curve is a sum of components; rounded to 8 bits, it would rise in steps."""
    response, x = network.response, torch.linspace(0, 1, 1024)
    with torch.no_grad():
        response.basis.copy_(torch.sin(torch.arange(1, 12)[:, None] * torch.pi * x))
        response.mean_curve.copy_(x**2.2)
        response.to_weights.bias.copy_(0.1 / torch.arange(1, 12))
        image = torch.rand(1, 3, 64, 64)
        curve = response(image)
        with torch.autocast("cpu", torch.bfloat16):
            rounded = response(image)
    torch.testing.assert_close(rounded, curve, atol=2e-3, rtol=0)
    assert (rounded.diff() - curve.diff()).abs().max() < 2e-4
