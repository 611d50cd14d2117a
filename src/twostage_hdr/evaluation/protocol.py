"""The one protocol: every method's result on an image goes through `score_image`, and nothing else makes a number."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from twostage_hdr.errors import InputError
from twostage_hdr.evaluation.crf_correction import correct_response
from twostage_hdr.evaluation.gain_alignment import align_gain, cut_at, measure_gain
from twostage_hdr.evaluation.method_row import ALIGNED, ALIGNED_CRF, AS_GIVEN, MetricColumn, metric_column
from twostage_hdr.evaluation.stops_error import STOPS_COLUMNS, stops_error_clipped, stops_error_well_exposed
from twostage_hdr.metrics.delta_e import DeltaE
from twostage_hdr.metrics.mu_psnr import MuPSNR
from twostage_hdr.metrics.per_image import PerImageMetric
from twostage_hdr.metrics.psnr import PSNR
from twostage_hdr.metrics.pu21_psnr import PU21PSNR
from twostage_hdr.metrics.pu21_ssim import PU21SSIM
from twostage_hdr.metrics.ssim import SSIM
from twostage_hdr.radiometry.gamma import decode_gamma, encode_gamma
from twostage_hdr.radiometry.photometry import REFERENCE_CAP, WHITE
from twostage_hdr.radiometry.quantities import EncodedRGB

CAP_FACT = "reference cap"
"""Key of the cap, encoded, among a comparison's facts, so that what reads saved results cuts them there, too."""


def reference_cap(facts: Mapping[str, str]) -> float:
    """Where an evaluation cut results and references, encoded."""
    return float(facts.get(CAP_FACT, REFERENCE_CAP))


class Scored(NamedTuple):
    """A metric of the protocol, and the image that it scores."""

    key: str
    metric: type[PerImageMetric]
    scaling: str = ALIGNED
    addition: str = ""
    """Appended to the metric's title."""


SCORES = (
    Scored("psnr", PSNR, AS_GIVEN),
    Scored("mu_psnr", MuPSNR, AS_GIVEN),
    Scored("psnr_aligned", PSNR, addition=", aligned"),
    Scored("mu_psnr_aligned", MuPSNR, addition=", aligned"),
    Scored("pu21_psnr", PU21PSNR),
    Scored("pu21_ssim", PU21SSIM),
    Scored("crf_pu21_psnr", PU21PSNR, ALIGNED_CRF, addition=", CRF"),
    Scored("ssim", SSIM),
    Scored("delta_e", DeltaE),
)
"""The metrics of the tables, in their order: a new one is its file in `metrics/` and a line here."""

COLUMNS = (*(metric_column(*scored) for scored in SCORES), *STOPS_COLUMNS)
"""Every score of `score_image`, in the order of the tables."""

JOD_COLUMN = MetricColumn(key="jod", title="ColorVideoVDP", unit="JOD", higher_is_better=True, scaling=ALIGNED)
"""Scored from saved results by the `cvvdp` program, in an environment of its own; a column of its own, if it was."""


def score_image(
    ldr: EncodedRGB, reference16: EncodedRGB, prediction: Tensor, *, cap: float = REFERENCE_CAP
) -> dict[str, float]:
    """All scores of one result.

    Args:
        ldr: the frame, encoded, (3, H, W) in [0, 1].
        reference16: encoded, (3, H, W). Above `cap` it counts as `cap`, except in the challenge's own two metrics.
        prediction: the result, relative linear RGB (3, H, W), 1.0 = white.
        cap: the references' highest value, encoded; the result is cut there, too, once it is aligned.

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
    reference = cut_at(reference, cap)
    corrected = correct_response(aligned * WHITE, reference * WHITE) / WHITE
    images = {AS_GIVEN: prediction, ALIGNED: aligned, ALIGNED_CRF: corrected}
    encoded = {scaling: encode_gamma(image)[None] for scaling, image in images.items()}
    capped = encode_gamma(reference)[None]
    wanted = {AS_GIVEN: reference16[None], ALIGNED: capped, ALIGNED_CRF: capped}
    scores = {key: float(metric.score(encoded[scaling], wanted[scaling])) for key, metric, scaling, _ in SCORES}
    return scores | {
        "stops_error_clipped": stops_error_clipped(aligned, reference, ldr),
        "stops_error_well_exposed": stops_error_well_exposed(aligned, reference, ldr),
        "gain_stops": math.log2(alignment.gain),
        "well_exposed_pixels": float(alignment.well_exposed),
    }


def check_prediction(ldr: EncodedRGB, prediction: Tensor) -> None:
    """Refuses a result of another size, or with values that are no finite numbers: they are never silently replaced.

    Raises:
        InputError: says which.
    """
    if prediction.shape != ldr.shape:
        seen = f"shape {tuple(prediction.shape)} for a frame of {tuple(ldr.shape)}"
        raise InputError("result", seen, "a result has its frame's size and three channels")
    bad = int((~torch.isfinite(prediction)).sum())
    if bad:
        raise InputError("result", f"{bad} values are NaN or infinite", "fix the method; nothing is scored")
