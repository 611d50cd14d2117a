import math

import pytest
import torch

from twostage_hdr.expansion.luminance_expansion import ldr_frame
from twostage_hdr.expansion.masia2009 import image_key
from twostage_hdr.expansion.masia2017 import masia2017


def test_the_gamma_is_that_of_the_regression() -> None:
    ramp = torch.linspace(0.02, 1, 100).expand(3, 5, 100)
    mean_log = ramp[0].add(1e-6).log().mean().item()
    g = 2.4379 + 0.2319 * mean_log - 1.1228 * image_key(ramp[:1]).item() + 0.0085 * 1.0  # one column in 100 is clipped
    assert g > 1
    torch.testing.assert_close(
        masia2017(ldr_frame(ramp, gamma=1.0, max_output=500.0)), 500 * ramp**g, rtol=1e-4, atol=1e-3
    )


def test_over_exposed_pixels_raise_the_gamma() -> None:
    image = torch.linspace(0.02, 0.98, 100).expand(3, 5, 100)
    counted = masia2017(ldr_frame(image, gamma=1.0, max_output=500.0), threshold=0.5)
    torch.testing.assert_close(
        (counted[0, 0, 10] / masia2017(ldr_frame(image, gamma=1.0, max_output=500.0))[0, 0, 10]).log().item(),
        0.0085 * 100 * (image[0, 0] >= 0.5).float().mean().item() * math.log(image[0, 0, 10]),
        rtol=1e-3,
        atol=0,
    )


@pytest.mark.parametrize("minimum", [0.5, 1.0])
def test_a_very_dark_image_is_not_inverted(minimum: float) -> None:
    image = torch.full((3, 10, 100), 1e-5)
    image[..., :3] = torch.linspace(0.1, 1.0, 3)
    mean_log = image[0].add(1e-6).log().mean().item()
    assert 2.4379 + 0.2319 * mean_log - 1.1228 * image_key(image[:1]).item() < minimum
    out = masia2017(ldr_frame(image, gamma=1.0, max_output=500.0), minimum_gamma=minimum)
    torch.testing.assert_close(out, 500 * image**minimum, rtol=1e-4, atol=0)
