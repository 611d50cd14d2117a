"""Validation frames whose two stages were computed once, so that what lies after them is scored in a second."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from experiments.weights.calibration import cameras, frames, two_stages
from twostage_hdr.data.triple import Triple
from twostage_hdr.evaluation.crf_correction import correct_response
from twostage_hdr.evaluation.gain_alignment import align_gain, cut_at, measure_gain
from twostage_hdr.evaluation.saved_results import file_name
from twostage_hdr.evaluation.stops_error import stops_error_clipped
from twostage_hdr.imaging.atomic import atomic_path
from twostage_hdr.metrics.pu21_psnr import pu21_psnr
from twostage_hdr.networks.frame_thumbnail import thumbnail
from twostage_hdr.networks.two_stage_whole_frame import TwoStageWholeFrameNetwork
from twostage_hdr.radiometry.gamma import decode_gamma, encode_gamma
from twostage_hdr.radiometry.photometry import REFERENCE_CAP, WHITE

COLUMNS = ("pu21_psnr", "crf_pu21_psnr", "stops_error_clipped")
"""The protocol's scores that lights move most."""


@dataclass(frozen=True, kw_only=True)
class ValidationFrame:
    """A whole frame with the frozen networks' image of it.

    Attributes:
        triple: frame and reference.
        response: how the frame is to be taken.
        known: the frame encoded with gamma 2.24, by the shipped curve where the response is to be estimated.
        two_stage: what the two stages make of it.
        hdr: the same with the shipped context.
    """

    triple: Triple
    response: Any
    known: Tensor
    two_stage: Tensor
    hdr: Tensor


def validation_frames(root: Path, folder: Path, shipped: TwoStageWholeFrameNetwork) -> dict[str, list[ValidationFrame]]:
    """By camera; the two stages' images are computed once and kept in the folder."""
    made: dict[str, list[ValidationFrame]] = {}
    for name, (camera, response) in cameras().items():
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        made[name] = []
        for triple in frames(root, camera, "val"):
            path, ldr = place / f"{file_name(str(triple.scene))}.pt", triple.ldr[None]
            with torch.no_grad():
                known = shipped.look(thumbnail(ldr), response).curve.encoded(ldr)
                if not path.exists():
                    with atomic_path(path) as temporary:
                        torch.save(two_stages(shipped, known).contiguous(), temporary)
                image = torch.load(path, weights_only=True)
                hdr = image * shipped.context(known)
            made[name].append(ValidationFrame(triple=triple, response=response, known=known, two_stage=image, hdr=hdr))
    return made


@torch.no_grad()
def scores(network: TwoStageWholeFrameNetwork, frame: ValidationFrame) -> dict[str, float]:
    """Of the network's image of one frame, whatever its branch and its context; the two stages are the shipped ones."""
    ldr = frame.triple.ldr[None]
    view, hdr = network.look(thumbnail(ldr), frame.response), frame.two_stage * network.context(frame.known)
    return image_scores(frame.triple, decode_gamma(network.lit(hdr, ldr, view, top=0, height=ldr.shape[-2]))[0])


def image_scores(triple: Triple, linear: Tensor) -> dict[str, float]:
    """Of any result, as `score_image` has them.

    Args:
        triple: frame and reference.
        linear: relative linear RGB.
    """
    reference = decode_gamma(triple.reference16)
    aligned = align_gain(linear, measure_gain(triple.ldr, reference, linear), REFERENCE_CAP)
    reference = cut_at(reference, REFERENCE_CAP)
    corrected = correct_response(aligned * WHITE, reference * WHITE) / WHITE
    encoded = encode_gamma(reference)[None]
    values = (
        float(pu21_psnr(encode_gamma(aligned)[None], encoded)),
        float(pu21_psnr(encode_gamma(corrected)[None], encoded)),
        stops_error_clipped(aligned, reference, triple.ldr),
    )
    return dict(zip(COLUMNS, values, strict=True))


def means(by_scene: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Over the frames."""
    return {key: round(float(np.nanmean([row[key] for row in by_scene.values()])), 4) for key in COLUMNS}
