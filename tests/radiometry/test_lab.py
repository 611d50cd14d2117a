"""L*a*b* against scikit-image inside [0, 1] and colour-science above it."""

import colour
import numpy as np
import pytest
import torch
from skimage.color import rgb2lab

from twostage_hdr.radiometry.lab import encoded_to_lab


def test_agrees_with_scikit_image_from_black_to_white() -> None:
    rgb = torch.rand(3, 40, 50, dtype=torch.float64)
    rgb[:, 0] = 0
    rgb[:, 1] = 1
    rgb[:, 2] = torch.linspace(0, 0.1, 50)
    expected = rgb2lab(rgb.permute(1, 2, 0).numpy(), illuminant="D65", observer="2")
    np.testing.assert_allclose(encoded_to_lab(rgb).permute(1, 2, 0).numpy(), expected, atol=1e-9)


def test_values_above_one_are_not_clipped_and_agree_with_colour_science() -> None:
    rgb = 1 + 9 * torch.rand(3, 30, 30, dtype=torch.float64)
    linear = ((rgb.permute(1, 2, 0).numpy() + 0.055) / 1.055) ** 2.4
    xyz = linear @ np.array(colour.RGB_COLOURSPACES["sRGB"].matrix_RGB_to_XYZ).T
    expected = colour.XYZ_to_Lab(xyz, colour.CCS_ILLUMINANTS["CIE 1931 2 Degree Standard Observer"]["D65"])
    ours = encoded_to_lab(rgb).permute(1, 2, 0).numpy()
    assert ours[..., 0].min() > 100
    np.testing.assert_allclose(ours, expected, atol=0.5)
    np.testing.assert_allclose(ours[..., 0], expected[..., 0], rtol=2e-4)


def test_keeps_leading_dimensions() -> None:
    rgb = torch.rand(2, 5, 3, 1, 4)
    torch.testing.assert_close(encoded_to_lab(rgb)[1, 2], encoded_to_lab(rgb[1, 2]))


@pytest.mark.parametrize("value", [0.0, -0.055, -0.5, 1e-30, 0.04045, 0.008856, 1.0, 1.5, 10.0, 100.0])
def test_gradients_are_finite_everywhere(value: float) -> None:
    rgb = torch.full((3, 1, 1), value, requires_grad=True)
    lab = encoded_to_lab(rgb)
    gradients = [torch.autograd.grad(channel.sum(), rgb, retain_graph=True)[0] for channel in lab]
    assert torch.isfinite(torch.stack(gradients)).all()
    assert torch.stack(gradients).abs().sum() > 0


def test_autocast_does_not_lower_the_precision() -> None:
    rgb = torch.rand(1, 3, 8, 8)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = encoded_to_lab(rgb)
    torch.testing.assert_close(inside, encoded_to_lab(rgb), rtol=0, atol=0)
