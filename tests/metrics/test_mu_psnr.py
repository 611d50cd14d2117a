"""mu-PSNR against a closed form, NumPy and the challenge's own files."""

import runpy
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
import torch
from torch import Tensor

from twostage_hdr.metrics.mu_psnr import MuPSNR, mu_psnr
from twostage_hdr.metrics.psnr import psnr

ORACLE = runpy.run_path(str(Path(__file__).parents[1] / "oracles" / "image_metrics.py"))
HDM = Path(__file__).parents[2] / ".." / "shared" / "hdm"


def test_two_flat_images_follow_the_closed_form() -> None:
    reference, prediction = torch.full((1, 3, 4, 4), 2.0), torch.zeros(1, 3, 4, 4)
    expected = -20 * np.log10(np.log(1 + 5000 * np.tanh(1)) / np.log(5001))
    np.testing.assert_allclose(mu_psnr(prediction, reference), [expected], atol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (13, 17)])
def test_agrees_with_numpy_on_every_image_of_a_batch(size: tuple[int, int]) -> None:
    reference = 5 * torch.rand(3, 3, *size)
    prediction = reference + 0.3 * torch.randn_like(reference)
    expected = [
        ORACLE["mu_psnr"](x.double().numpy().transpose(1, 2, 0), r.double().numpy().transpose(1, 2, 0))
        for x, r in zip(prediction, reference, strict=True)
    ]
    np.testing.assert_allclose(mu_psnr(prediction, reference), expected, atol=1e-4)


def test_negative_predictions_count_as_black() -> None:
    reference = torch.rand(2, 3, 6, 6)
    prediction = torch.rand(2, 3, 6, 6) - 0.5
    torch.testing.assert_close(mu_psnr(prediction, reference), mu_psnr(prediction.clamp(min=0), reference))


def test_images_a_hundred_times_brighter_than_the_scale_are_all_white() -> None:
    reference = torch.rand(1, 3, 20, 20)
    torch.testing.assert_close(mu_psnr(reference + 100, reference), mu_psnr(reference + 1000, reference))


def test_a_perfect_prediction_is_infinite_and_a_black_reference_defined() -> None:
    black = torch.zeros(1, 3, 4, 4)
    assert mu_psnr(black, black).isinf().all()
    torch.testing.assert_close(mu_psnr(black + 1, black), torch.zeros(1), atol=1e-6, rtol=0)


@pytest.mark.slow
@pytest.mark.skipif(not HDM.is_dir(), reason="needs the challenge's sample scenes")
@pytest.mark.parametrize("scene", ["0000", "0001"])
def test_float32_scores_real_frames_of_the_challenge_as_numpys_float64(scene: str) -> None:
    reference = iio.imread(HDM / f"{scene}_gt.png") / np.load(HDM / f"{scene}_alignratio.npy")
    medium = iio.imread(HDM / f"{scene}_medium.png") / 255.0

    def batch(image: np.ndarray) -> Tensor:
        return torch.tensor(image, dtype=torch.float32).permute(2, 0, 1)[None]

    for ours, name in ((psnr, "psnr"), (mu_psnr, "mu_psnr")):
        assert ours(batch(medium), batch(reference)).item() == pytest.approx(ORACLE[name](medium, reference), abs=1e-3)


def test_the_class_averages_the_function() -> None:
    reference, prediction = torch.rand(3, 3, 5, 5), torch.rand(3, 3, 5, 5)
    metric = MuPSNR()
    metric.update(prediction, reference)
    torch.testing.assert_close(metric.compute(), mu_psnr(prediction, reference).mean())
