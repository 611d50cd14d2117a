import torch

from twostage_hdr.expansion.huo2013 import huo2013
from twostage_hdr.expansion.luminance_expansion import ldr_frame


def test_the_retinas_response_to_the_result_is_the_ldr_frame() -> None:
    """R / Rmax = I^n / (I^n + s^n) must come out again, with the local adaptation S^n + s^n in the denominator."""
    halves = torch.full((3, 64, 128), 0.05)
    halves[:, :, 64:] = 1.0
    n, peak = 0.86, 3000.0
    out = huo2013(ldr_frame(halves, gamma=1.0, max_output=peak))[0]
    sigma = peak * (halves[0] + 1e-6).log().mean().exp()
    for column, level in ((5, 0.05), (120, 1.0)):  # the halves are flat, so the surround is the level itself
        response = out[30, column] ** n / ((peak * level) ** n + sigma**n)
        torch.testing.assert_close(response.item(), level**n, rtol=0.02, atol=0)


def test_the_same_grey_is_lifted_more_beside_light_than_in_the_dark() -> None:
    image = torch.full((3, 80, 160), 0.02)
    image[:, :, :80] = 0.6
    image[:, 35:45, 35:45] = 0.3
    image[:, 35:45, 115:125] = 0.3
    out = huo2013(ldr_frame(image, gamma=1.0))[0]
    assert out[40, 40] > 1.05 * out[40, 120]
