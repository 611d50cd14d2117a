import torch

from twostage_hdr.expansion.akyuz2007 import akyuz2007
from twostage_hdr.expansion.luminance_expansion import ldr_frame


def test_the_images_own_range_is_stretched_over_the_display() -> None:
    out = akyuz2007(ldr_frame(torch.tensor([0.2, 0.5, 0.6]).expand(3, 1, 3), gamma=1.0, max_output=800.0), exponent=2.0)
    torch.testing.assert_close(out, torch.tensor([0.0, 800 * 0.75**2, 800.0]).expand(3, 1, 3))
