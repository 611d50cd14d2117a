import torch
from skimage.color import xyz2lab

from twostage_hdr.expansion.bist2017 import bist2017, lightness
from twostage_hdr.expansion.luminance_expansion import ldr_frame


def test_lightness_is_scikit_images() -> None:
    Y = torch.linspace(0, 1, 50, dtype=torch.float64)
    white = torch.tensor([0.95047, 1.0, 1.08883], dtype=torch.float64)
    expected = xyz2lab((Y[:, None, None] * white).numpy())[:, 0, 0] / 100
    torch.testing.assert_close(lightness(Y.reshape(1, 1, -1)).flatten(), torch.from_numpy(expected), rtol=0, atol=1e-5)


def test_a_median_lightness_of_a_tenth_doubles_the_gamma() -> None:
    dark = ((0.1 + 0.16) / 1.16) ** 3
    image = torch.tensor([dark, dark, 0.5]).expand(3, 1, 3)
    out = bist2017(ldr_frame(image, gamma=1.0, max_output=1000.0))
    torch.testing.assert_close(out, 1000 * image**2, rtol=1e-3, atol=0)


def test_a_gain_of_saturation_keeps_the_luminance() -> None:
    image = torch.rand(3, 10, 10) * 0.3 + 0.4
    weights = torch.tensor([0.2126, 0.7152, 0.0722])[:, None, None]
    plain, vivid = bist2017(ldr_frame(image)), bist2017(ldr_frame(image), saturation=1.2)
    torch.testing.assert_close((vivid * weights).sum(0), (plain * weights).sum(0))
    spread = (vivid.amax(0) - vivid.amin(0)) / (plain.amax(0) - plain.amin(0))
    torch.testing.assert_close(spread, torch.full_like(spread, 1.2), rtol=1e-3, atol=0)
