import math

import numpy as np
import pytest
import torch

from tests.refusal import refusal_of
from twostage_hdr.evaluation.crf_correction import correct_response
from twostage_hdr.evaluation.protocol import COLUMNS, score_image
from twostage_hdr.metrics.pu21_psnr import pu21_psnr
from twostage_hdr.radiometry.gamma import decode_gamma, encode_gamma


def pair(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 8, 9, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, size=(40, 44), mode="bicubic")[0].clamp(0.05)
    reference = smooth * 1.8
    return (reference.clamp(max=1) * 255).round() / 255, reference


def test_every_column_has_a_score() -> None:
    ldr, reference = pair()
    scores = score_image(ldr, reference, decode_gamma(ldr))
    assert {column.key for column in COLUMNS} <= set(scores)
    assert all(math.isfinite(value) for value in scores.values())


def test_the_challenge_scores_are_those_of_the_formula_without_alignment() -> None:
    ldr, reference = pair()
    prediction = decode_gamma(ldr) * 1.3
    r, x = (image.double().numpy() for image in (reference, prediction ** (1 / 2.24)))
    expected = -10 * np.log10(np.mean((r / r.max() - x / r.max()) ** 2))
    scores = score_image(ldr, reference, prediction)
    assert scores["psnr"] == pytest.approx(expected, abs=1e-3)


def test_aligned_scores_do_not_know_the_methods_exposure() -> None:
    ldr, reference = pair(1)
    prediction = decode_gamma(ldr)
    one, other = score_image(ldr, reference, prediction), score_image(ldr, reference, prediction * 0.2)
    for column in COLUMNS:
        if column.key in ("psnr", "mu_psnr"):
            assert other[column.key] < one[column.key] - 3
        else:
            assert other[column.key] == pytest.approx(one[column.key], rel=1e-3)
    assert other["gain_stops"] - one["gain_stops"] == pytest.approx(-math.log2(0.2), abs=1e-4)


def test_the_aligned_challenge_score_equals_the_unaligned_one_of_an_aligned_image() -> None:
    ldr, reference = pair(2)
    prediction = decode_gamma(ldr) * 0.3
    scores = score_image(ldr, reference, prediction)
    again = score_image(ldr, reference, prediction * 2 ** scores["gain_stops"])
    assert again["psnr"] == pytest.approx(scores["psnr_aligned"], abs=1e-3)
    assert again["mu_psnr"] == pytest.approx(scores["mu_psnr_aligned"], abs=1e-3)


def test_the_crf_correction_forgives_a_tone_curve() -> None:
    ldr, reference = pair(3)
    # Nearly grey, so that a curve on R, G and B is one on luminance too.
    reference = reference.mean(0, keepdim=True) + 0.02 * reference
    toned = decode_gamma(reference) ** 0.7
    scores = score_image(ldr, reference, toned)
    assert scores["crf_pu21_psnr"] > scores["pu21_psnr"] + 10


def test_nothing_well_exposed_is_said() -> None:
    reference = torch.full((3, 16, 16), 3.0)
    scores = score_image(torch.ones(3, 16, 16), reference, torch.ones(3, 16, 16))
    assert scores["well_exposed_pixels"] == 0
    assert scores["stops_error_clipped"] == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_results_that_are_no_numbers_are_refused(value: float) -> None:
    ldr, reference = pair()
    prediction = decode_gamma(ldr)
    prediction[1, 2, 3] = value
    with refusal_of("result", "1 values", "NaN"):
        score_image(ldr, reference, prediction)


def test_results_of_another_size_are_refused() -> None:
    ldr, reference = pair()
    with refusal_of("result", (3, 20, 44), (3, 40, 44)):
        score_image(ldr, reference, decode_gamma(ldr)[:, ::2])


def test_every_column_says_how_it_was_scaled() -> None:
    assert all(column.scaling for column in COLUMNS)
    assert len({column.key for column in COLUMNS}) == len(COLUMNS)


@pytest.mark.parametrize("cap", [2.0, 10.0])
def test_a_perfect_result_is_perfect_also_where_its_reference_is_above_the_cap(cap: float) -> None:
    ldr, reference = pair(4)
    reference[:, :8, :8] = 13.0
    scores = score_image(ldr, reference, decode_gamma(reference), cap=cap)
    for key in ("psnr", "mu_psnr", "psnr_aligned", "mu_psnr_aligned", "pu21_psnr"):
        assert scores[key] > 90, key
    assert scores["stops_error_clipped"] < 1e-4
    assert scores["pu21_ssim"] > 0.9999


def test_what_a_result_has_above_the_cap_does_not_count() -> None:
    ldr, reference = pair(4)
    reference[:, :8, :8] = 13.0
    brighter = torch.where(reference > 10, 2 * reference, reference)
    alike, raw = "pu21_psnr", "psnr"
    one, other = (score_image(ldr, reference, decode_gamma(image)) for image in (reference, brighter))
    assert other[alike] == pytest.approx(one[alike], abs=1e-3)
    assert other[raw] < one[raw] - 20


def test_the_response_is_corrected_in_candelas_with_white_at_200() -> None:
    ldr, reference = pair(5)
    prediction = decode_gamma(ldr) ** 1.3
    scores = score_image(ldr, reference, prediction)
    aligned = prediction * 2 ** scores["gain_stops"]
    corrected = correct_response(aligned * 200, decode_gamma(reference) * 200) / 200
    expected = float(pu21_psnr(encode_gamma(corrected)[None], reference[None]))
    assert scores["crf_pu21_psnr"] == pytest.approx(expected, abs=1e-3)
    relative = correct_response(aligned, decode_gamma(reference))
    assert abs(float(pu21_psnr(encode_gamma(relative)[None], reference[None])) - expected) > 0.05
