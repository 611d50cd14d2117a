"""SSIM against scikit-image, down to single pixels."""

import runpy
from pathlib import Path

import numpy as np
import pytest
import torch

from twostage_hdr.metrics.ssim import SSIM, EncodedSSIM, encoded_ssim, ssim

ORACLE = runpy.run_path(str(Path(__file__).parents[1] / "oracles" / "image_metrics.py"))


@pytest.mark.parametrize("name", ["encoded_ssim", "ssim"])
@pytest.mark.parametrize("size", [(11, 11), (11, 30), (40, 33)])
def test_agrees_with_scikit_image_on_every_image_of_a_batch(name: str, size: tuple[int, int]) -> None:
    reference = torch.rand(3, 3, *size)
    prediction = (reference + 0.2 * torch.randn_like(reference)).clamp(min=0)
    expected = [
        ORACLE[name](x.double().numpy().transpose(1, 2, 0), r.double().numpy().transpose(1, 2, 0))
        for x, r in zip(prediction, reference, strict=True)
    ]
    ours = {"encoded_ssim": encoded_ssim, "ssim": ssim}[name](prediction, reference)
    np.testing.assert_allclose(ours, expected, atol=2e-5)


@pytest.mark.parametrize("size", [(1, 1), (1, 20), (2, 2), (4, 30), (6, 7), (10, 10)])
@pytest.mark.parametrize("metric", [ssim, encoded_ssim])
def test_images_smaller_than_the_window_have_a_score(metric: type, size: tuple[int, int]) -> None:
    reference = torch.rand(2, 3, *size)
    torch.testing.assert_close(metric(reference, reference), torch.ones(2), atol=1e-5, rtol=0)
    worse = metric(torch.rand(2, 3, *size), reference)
    assert (worse < 0.999).all()


def test_a_single_pixel_compares_the_means_only() -> None:
    x, y = torch.full((1, 3, 1, 1), 0.25), torch.full((1, 3, 1, 1), 0.75)
    expected = (2 * 0.25 * 0.75 + 1e-4) / (0.25**2 + 0.75**2 + 1e-4)
    torch.testing.assert_close(encoded_ssim(x, y), torch.tensor([expected]))


def test_black_images_are_equal() -> None:
    black = torch.zeros(1, 3, 12, 12)
    torch.testing.assert_close(encoded_ssim(black, black), torch.ones(1))
    torch.testing.assert_close(ssim(black, black), torch.ones(1))


@pytest.mark.parametrize(("metric", "function"), [(SSIM, ssim), (EncodedSSIM, encoded_ssim)])
def test_the_classes_average_their_functions(metric: type, function: type) -> None:
    reference, prediction = torch.rand(3, 3, 12, 12), torch.rand(3, 3, 12, 12)
    accumulator = metric()
    accumulator.update(prediction, reference)
    torch.testing.assert_close(accumulator.compute(), function(prediction, reference).mean())
