import torch

from twostage_hdr.expansion.kovaleski2014 import PAPER_MAX_OUTPUT, kovaleski2014
from twostage_hdr.expansion.luminance_expansion import ldr_frame


def test_the_papers_display_is_used_from_black_to_peak() -> None:
    image = torch.full((3, 60, 60), 0.02)
    image[:, :, 30:] = 1.0
    out = kovaleski2014(ldr_frame(image, gamma=1.0, max_output=PAPER_MAX_OUTPUT))
    torch.testing.assert_close(out[:, :, 30:], torch.full((3, 60, 30), 1200.0), rtol=1e-4, atol=0)
    # the dark half differs by ten sigmas of range: no boost, a quarter of the linear stretch
    torch.testing.assert_close(out[:, :, :30], torch.full((3, 60, 30), (1199.7 * 0.02 + 0.3) / 4), rtol=1e-3, atol=0)


def test_bright_pixels_near_a_clipped_lamp_are_boosted_and_far_ones_are_not() -> None:
    image = torch.full((3, 40, 400), 0.9)
    image[:, :, :40] = 1.0
    out = kovaleski2014(ldr_frame(image, gamma=1.0), sigma_space=10.0)[0, 20]
    assert out[45] > 1.5 * out[300]
    torch.testing.assert_close(out[300].item(), (1999.7 * 0.9 + 0.3) / 4, rtol=1e-3, atol=0)
