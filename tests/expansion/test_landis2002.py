import torch

from twostage_hdr.expansion.landis2002 import landis2002
from twostage_hdr.expansion.luminance_expansion import ldr_frame


def test_values_of_the_formula() -> None:
    linear = torch.tensor([0.25, 0.5, 0.75, 1.0])
    out = landis2002(ldr_frame(linear.expand(3, 1, 4), gamma=1.0, white=100.0, max_output=1000.0))
    # w = 0, 0, ((0.75 - 0.5) / 0.5)^2 = 1/4, 1
    expected = torch.tensor([25.0, 50.0, 0.75 * (100 * 0.75 + 1000 * 0.25), 1000.0])
    torch.testing.assert_close(out, expected.expand(3, 1, 4))


def test_an_image_that_ends_at_the_threshold_is_left_as_it_is() -> None:
    out = landis2002(ldr_frame(torch.tensor([0.1, 0.5]).expand(3, 1, 2), gamma=1.0))
    torch.testing.assert_close(out, torch.tensor([20.0, 100.0]).expand(3, 1, 2))
