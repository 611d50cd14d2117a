"""The one protocol: every method's result on an image goes through `score_image`, and nothing else makes a number."""

import math

import torch
from torch import Tensor

from twostage_hdr.errors import InputError
from twostage_hdr.evaluation.crf_correction import correct_response
from twostage_hdr.evaluation.gain_alignment import align_gain, measure_gain
from twostage_hdr.evaluation.method_row import ALIGNED, ALIGNED_CRF, AS_GIVEN, MetricColumn
from twostage_hdr.evaluation.pu21_ssim import pu21_ssim
from twostage_hdr.evaluation.stops_error import stops_error_clipped, stops_error_well_exposed
from twostage_hdr.metrics.delta_e import delta_e
from twostage_hdr.metrics.mu_psnr import mu_psnr
from twostage_hdr.metrics.psnr import psnr
from twostage_hdr.metrics.pu21_psnr import pu21_psnr
from twostage_hdr.metrics.ssim import ssim
from twostage_hdr.radiometry.gamma import decode_gamma, encode_gamma
from twostage_hdr.radiometry.photometry import REFERENCE_CAP, WHITE
from twostage_hdr.radiometry.quantities import EncodedRGB

COLUMNS: tuple[MetricColumn, ...] = (
    MetricColumn(key="psnr", title="PSNR", unit="dB", higher_is_better=True, scaling=AS_GIVEN),
    MetricColumn(key="mu_psnr", title="μ-PSNR", unit="dB", higher_is_better=True, scaling=AS_GIVEN),
    MetricColumn(key="psnr_aligned", title="PSNR, aligned", unit="dB", higher_is_better=True, scaling=ALIGNED),
    MetricColumn(key="mu_psnr_aligned", title="μ-PSNR, aligned", unit="dB", higher_is_better=True, scaling=ALIGNED),
    MetricColumn(key="pu21_psnr", title="PU21-PSNR", unit="dB", higher_is_better=True, scaling=ALIGNED),
    MetricColumn(key="pu21_ssim", title="PU21-SSIM", unit="", higher_is_better=True, scaling=ALIGNED, digits=4),
    MetricColumn(key="crf_pu21_psnr", title="PU21-PSNR, CRF", unit="dB", higher_is_better=True, scaling=ALIGNED_CRF),
    MetricColumn(key="ssim", title="SSIM (μ-law)", unit="", higher_is_better=True, scaling=ALIGNED, digits=4),
    MetricColumn(key="delta_e", title="ΔE00 (μ-law)", unit="", higher_is_better=False, scaling=ALIGNED),
    MetricColumn(
        key="stops_error_clipped", title="Clipped pixels", unit="stops", higher_is_better=False, scaling=ALIGNED
    ),
    MetricColumn(
        key="stops_error_well_exposed",
        title="Well-exposed pixels",
        unit="stops",
        higher_is_better=False,
        scaling=ALIGNED,
        digits=3,
    ),
)
"""Every score of `score_image`, in the order of the tables."""

JOD_COLUMN = MetricColumn(
    key="jod", title="ColorVideoVDP", unit="JOD", higher_is_better=True, scaling=ALIGNED, missing="not run"
)
"""Scored from saved results by the `cvvdp` program, in an environment of its own; not part of `score_image`."""

TABLE_COLUMNS = (*COLUMNS, JOD_COLUMN)
"""What a table of a comparison shows; the JOD cells say "not run" until the program has scored the saved results."""


def score_image(
    ldr: EncodedRGB, reference16: EncodedRGB, prediction: Tensor, *, cap: float = REFERENCE_CAP
) -> dict[str, float]:
    """All scores of one result.

    Args:
        ldr: the frame, encoded, (3, H, W) in [0, 1].
        reference16: encoded, (3, H, W), at most `cap`.
        prediction: the result, relative linear RGB (3, H, W), 1.0 = white.
        cap: the references' highest value, encoded.

    Returns:
        One number per key of `COLUMNS` (`stops_error_clipped` and `stops_error_well_exposed` are NaN where there are no
        such pixels); `gain_stops`, the alignment that was applied; and `well_exposed_pixels`, how many it was measured
        on (0: the fallback was used).

    Raises:
        InputError: the result has another size than the frame, or holds values that are no numbers.
    """
    check_prediction(ldr, prediction)
    prediction = prediction.float().clamp(min=0)
    reference = decode_gamma(reference16)
    alignment = measure_gain(ldr, reference, prediction)
    aligned = align_gain(prediction, alignment, cap)
    corrected = correct_response(aligned * WHITE, reference * WHITE) / WHITE
    given, wanted, fair = encode_gamma(prediction)[None], reference16[None], encode_gamma(aligned)[None]
    scores = {
        "psnr": psnr(given, wanted),
        "mu_psnr": mu_psnr(given, wanted),
        "psnr_aligned": psnr(fair, wanted),
        "mu_psnr_aligned": mu_psnr(fair, wanted),
        "pu21_psnr": pu21_psnr(fair, wanted),
        "pu21_ssim": pu21_ssim(fair, wanted, white=WHITE),
        "crf_pu21_psnr": pu21_psnr(encode_gamma(corrected)[None], wanted),
        "ssim": ssim(fair, wanted),
        "delta_e": delta_e(fair, wanted),
    }
    return {key: float(value) for key, value in scores.items()} | {
        "stops_error_clipped": stops_error_clipped(aligned, reference, ldr),
        "stops_error_well_exposed": stops_error_well_exposed(aligned, reference, ldr),
        "gain_stops": math.log2(alignment.gain),
        "well_exposed_pixels": float(alignment.pixels if alignment.basis == "well-exposed" else 0),
    }


def check_prediction(ldr: EncodedRGB, prediction: Tensor) -> None:
    """Refuses a result of another size, or with values that are no finite numbers: they are never washed away.

    Raises:
        InputError: says which.
    """
    if prediction.shape != ldr.shape:
        raise InputError(
            "result",
            f"shape {tuple(prediction.shape)} for a frame of {tuple(ldr.shape)}",
            "a result has its frame's size and three channels",
        )
    bad = int((~torch.isfinite(prediction)).sum())
    if bad:
        raise InputError("result", f"{bad} values are NaN or infinite", "fix the method; nothing is scored")
