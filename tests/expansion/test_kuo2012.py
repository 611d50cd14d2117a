import torch

from twostage_hdr.expansion.kuo2012 import highlight_map, kuo2012
from twostage_hdr.expansion.luminance_expansion import ldr_frame


def test_schlicks_operator_takes_the_expansion_back() -> None:
    levels = torch.linspace(0.05, 0.95, 10).repeat_interleave(20)
    image = levels.expand(3, 60, 200)
    expanded = kuo2012(ldr_frame(image, gamma=1.0, max_output=1.0))[
        0, 30, 10::20
    ]  # mid-columns: the smoothing has nothing to do
    p = 30
    torch.testing.assert_close(p * expanded / ((p - 1) * expanded + 1), image[0, 30, 10::20], rtol=1e-4, atol=0)


def test_only_features_above_the_brightest_neighbourhood_are_mapped() -> None:
    L = torch.full((1, 100, 100), 0.1)
    L[:, 40:46, 40:46] = 1.0  # smaller than a tenth of the image, so brighter than any mean of that size
    E = highlight_map(L, 2.24)
    assert E[0, 43, 43] > 0.3
    assert E[0, 80, 80] < 1e-6


def test_blocks_in_highlights_are_smoothed_and_shadows_are_not() -> None:
    image = torch.full((3, 100, 100), 0.1)
    image[:, 10, 10] = 0.2
    image[:, 40:50, 40:50] = 1.0
    image[:, 45, 45] = 0.98
    out = kuo2012(ldr_frame(image, gamma=1.0))[0]
    exact = 2000 * 0.2 / (30 * 0.8 + 0.2), 2000 * 0.98 / (30 * 0.02 + 0.98)
    torch.testing.assert_close(out[10, 10].item(), exact[0], rtol=1e-3, atol=0)
    assert out[45, 45] > 1.05 * exact[1]
