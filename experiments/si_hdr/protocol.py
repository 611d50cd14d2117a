"""SI-HDR scored as the published rows are: squares of 512 px, absolute luminance, one gain, then the CRF correction.

The benchmark's inputs, metric (PU21-PSNR) and correction [hanji2022sihdr]; size, luminance and gain of the published
rows [andiran2026expanddiff], which say more of them than the benchmark does.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from twostage_hdr.data.pair_source import Pair
from twostage_hdr.evaluation.crf_correction import correct_response
from twostage_hdr.evaluation.method_row import MetricColumn
from twostage_hdr.evaluation.protocol import check_prediction
from twostage_hdr.metrics.pu21_psnr import pu21_psnr
from twostage_hdr.radiometry.gamma import encode_gamma
from twostage_hdr.radiometry.luminance import luminance
from twostage_hdr.radiometry.photometry import WHITE
from twostage_hdr.radiometry.srgb import srgb_decode, srgb_encode

SIDE = 512
"""px, to which the middle square of a larger image is averaged."""
MEDIAN, PEAK = 20.0, 1000.0
"""Median luminance of a reference, and where it is cut, cd/m^2."""
LEAST_PIXELS = 100
"""Unclipped pixels below which the gain is measured on all."""
_UNCLIPPED = (1e-6, 1 - 1e-6)

GAIN = "one gain per image (least squares over pixels that the input does not clip), cut at 1000 cd/m²"
COLUMNS = (
    MetricColumn(key="pu21_psnr", title="PU21-PSNR", unit="dB", higher_is_better=True, scaling=GAIN),
    MetricColumn(
        key="crf_pu21_psnr",
        title="PU21-PSNR, CRF",
        unit="dB",
        higher_is_better=True,
        scaling=f"{GAIN}, then CRF-corrected (tone and colour curves fitted to the reference)",
    ),
)


@dataclass(frozen=True)
class Condition:
    """What every method is given of a scene, and what it is compared with.

    Attributes:
        ldr: 8-bit frame, k/255, sRGB.
        light: the same before it was rounded, linear in [0, 1].
        reference: cd/m^2.
    """

    ldr: Float[Tensor, "3 side side"]
    light: Float[Tensor, "3 side side"]
    reference: Float[Tensor, "3 side side"]


def condition(pair: Pair) -> Condition:
    """The frame, taken for sRGB as the published rows take it, and its reference."""
    light = square(srgb_decode(pair.ldr)).clamp(0, 1)
    seen = luminance(pair.linear)
    middle = seen[seen > 0].median().clamp(min=torch.finfo(torch.float32).tiny)
    reference = square((pair.linear * (MEDIAN / middle)).clamp(max=PEAK))
    return Condition((srgb_encode(light) * 255).round() / 255, light, reference)


def square(linear: Float[Tensor, "3 height width"]) -> Float[Tensor, "3 side side"]:
    """The middle square, averaged by boxes to `SIDE`; a smaller one keeps its size."""
    height, width = linear.shape[1:]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    cut = linear[:, top : top + side, left : left + side]
    if side <= SIDE:
        return cut.contiguous()
    channels = [Image.fromarray(channel.numpy()).resize((SIDE, SIDE), Image.Resampling.BOX) for channel in cut]
    return torch.from_numpy(np.stack([np.asarray(channel) for channel in channels]))


def scores(prediction: Float[Tensor, "3 side side"], of: Condition) -> dict[str, float]:
    """PU21-PSNR of a linear result of any scale, gain-aligned, and CRF-corrected after that.

    Raises:
        InputError: the result has another size than the frame, or values that are no finite numbers.
    """
    check_prediction(of.ldr, prediction)
    prediction = prediction.clamp(min=0)
    low, high = _UNCLIPPED
    chosen = ((of.light > low) & (of.light < high)).all(0)
    chosen = chosen if chosen.sum() >= LEAST_PIXELS else torch.ones_like(chosen)
    ours, theirs = prediction[:, chosen].double(), of.reference[:, chosen].double()
    gain = float((ours * theirs).sum() / (ours**2).sum().clamp(min=1e-12))
    aligned = (prediction * gain).clamp(max=PEAK)
    return {
        "pu21_psnr": _pu21_psnr(aligned, of.reference),
        "crf_pu21_psnr": _pu21_psnr(correct_response(aligned, of.reference), of.reference),
    }


def _pu21_psnr(nits: Tensor, reference: Tensor) -> float:
    return float(pu21_psnr(encode_gamma(nits / WHITE)[None], encode_gamma(reference / WHITE)[None]))
