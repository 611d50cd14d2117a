"""PU21-PSNR against the published check values and NumPy."""

import runpy
from pathlib import Path

import numpy as np
import pytest
import torch

from twostage_hdr.metrics.pu21_psnr import pu21_psnr

ORACLE = runpy.run_path(str(Path(__file__).parents[1] / "oracles" / "image_metrics.py"))


def test_flat_images_of_known_luminance_follow_the_published_values() -> None:
    def image(luminance: float) -> torch.Tensor:
        return torch.full((1, 3, 2, 2), (luminance / 200) ** (1 / 2.24))

    expected = 20 * np.log10(256 / (420.0969 - 256.3839))
    np.testing.assert_allclose(pu21_psnr(image(1000), image(100)), [expected], atol=1e-4)


@pytest.mark.parametrize("white", [200.0, 1000.0])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (13, 17)])
def test_agrees_with_numpy_on_every_image_of_a_batch(size: tuple[int, int], white: float) -> None:
    reference = 2 * torch.rand(3, 3, *size)
    prediction = reference + 0.3 * torch.randn_like(reference)
    expected = [
        ORACLE["pu21_psnr"](x.double().numpy().transpose(1, 2, 0), r.double().numpy().transpose(1, 2, 0), white)
        for x, r in zip(prediction, reference, strict=True)
    ]
    np.testing.assert_allclose(pu21_psnr(prediction, reference, white), expected, atol=1e-3)


def test_equal_images_are_infinite_also_beyond_the_displayable_range() -> None:
    bright = torch.full((1, 3, 2, 2), 50.0)
    assert pu21_psnr(2 * bright, bright).isinf().all()
