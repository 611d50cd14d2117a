"""Mean colour difference against scikit-image."""

import runpy
from pathlib import Path

import numpy as np
import pytest
import torch

from twostage_hdr.metrics.delta_e import DeltaE, EncodedDeltaE, delta_e, encoded_delta_e

ORACLE = runpy.run_path(str(Path(__file__).parents[1] / "oracles" / "image_metrics.py"))
FUNCTIONS = {"delta_e": delta_e, "encoded_delta_e": encoded_delta_e}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (13, 17)])
def test_agrees_with_scikit_image_on_every_image_of_a_batch(name: str, size: tuple[int, int]) -> None:
    reference = torch.rand(3, 3, *size)
    prediction = (reference + 0.1 * torch.randn_like(reference)).clamp(0, 1)
    expected = [
        ORACLE[name](x.double().numpy().transpose(1, 2, 0), r.double().numpy().transpose(1, 2, 0))
        for x, r in zip(prediction, reference, strict=True)
    ]
    np.testing.assert_allclose(FUNCTIONS[name](prediction, reference), expected, atol=1e-3)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_equal_images_differ_by_nothing(name: str) -> None:
    reference = 4 * torch.rand(2, 3, 5, 5)
    assert FUNCTIONS[name](reference, reference).eq(0).all()


def test_black_and_white_differ_by_one_hundred() -> None:
    black = torch.zeros(1, 3, 2, 2)
    torch.testing.assert_close(encoded_delta_e(black + 1, black), torch.tensor([100.0]), atol=0.01, rtol=0)


@pytest.mark.parametrize(("metric", "function"), [(DeltaE, delta_e), (EncodedDeltaE, encoded_delta_e)])
def test_the_classes_average_their_functions(metric: type, function: type) -> None:
    reference, prediction = torch.rand(3, 3, 5, 5), torch.rand(3, 3, 5, 5)
    accumulator = metric()
    accumulator.update(prediction, reference)
    torch.testing.assert_close(accumulator.compute(), function(prediction, reference).mean())
