"""The challenge's PSNR against a closed form and NumPy."""

import runpy
from pathlib import Path

import numpy as np
import pytest
import torch

from twostage_hdr.metrics.psnr import PSNR, psnr

ORACLE = runpy.run_path(str(Path(__file__).parents[1] / "oracles" / "image_metrics.py"))


def test_a_constant_error_of_a_tenth_of_the_peak_is_twenty_decibels() -> None:
    reference = 2 * torch.rand(3, 3, 8, 8)
    reference[:, 0, 0, 0] = torch.tensor([2.0, 4.0, 8.0])
    offset = torch.tensor([0.2, 0.4, 0.8])[:, None, None, None]
    torch.testing.assert_close(psnr(reference + offset, reference), torch.full((3,), 20.0))


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (13, 17)])
def test_agrees_with_numpy_on_every_image_of_a_batch(size: tuple[int, int]) -> None:
    reference = 5 * torch.rand(3, 3, *size)
    prediction = reference + 0.3 * torch.randn_like(reference)
    expected = [
        ORACLE["psnr"](x.double().numpy().transpose(1, 2, 0), r.double().numpy().transpose(1, 2, 0))
        for x, r in zip(prediction, reference, strict=True)
    ]
    np.testing.assert_allclose(psnr(prediction, reference), expected, atol=1e-4)


def test_only_the_references_scale_counts() -> None:
    reference, prediction = torch.rand(2, 3, 6, 6), torch.rand(2, 3, 6, 6)
    torch.testing.assert_close(psnr(7 * prediction, 7 * reference), psnr(prediction, reference))


def test_values_above_the_peak_and_below_zero_are_not_clipped() -> None:
    reference = torch.rand(1, 3, 6, 6)
    assert psnr(reference + 10, reference) < psnr(reference + 5, reference)
    assert psnr(reference - 10, reference) < psnr(reference - 5, reference)


def test_a_perfect_prediction_is_infinite_and_a_black_reference_undefined() -> None:
    reference = torch.rand(2, 3, 4, 4)
    assert psnr(reference, reference).isinf().all()
    reference[1] = 0
    value = psnr(torch.rand(2, 3, 4, 4), reference)
    assert value[0].isfinite()
    assert value[1].isnan()


def test_one_perfect_image_makes_the_mean_infinite_and_is_found_in_the_values() -> None:
    metric, reference = PSNR(), torch.rand(3, 3, 4, 4)
    prediction = reference + 0.1
    prediction[1] = reference[1]
    metric.update(prediction, reference)
    assert metric.compute().item() == float("inf")
    assert [value == float("inf") for value in metric.values] == [False, True, False]
