"""Validation frames whose two stages were computed once, so that what lies after them is scored in a second."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from experiments.weights.calibration import cameras, frames, two_stages
from experiments.weights.rounds import SPLITS
from twostage_hdr.data.triple import Triple
from twostage_hdr.evaluation.crf_correction import correct_response
from twostage_hdr.evaluation.gain_alignment import align_gain, cut_at, measure_gain
from twostage_hdr.evaluation.saved_results import file_name
from twostage_hdr.evaluation.stops_error import stops_error_clipped
from twostage_hdr.imaging.atomic import atomic_path
from twostage_hdr.inference.engine import Engine
from twostage_hdr.metrics.pu21_psnr import pu21_psnr
from twostage_hdr.networks.frame_thumbnail import thumbnail
from twostage_hdr.networks.two_stage_whole_frame import TwoStageWholeFrameNetwork
from twostage_hdr.radiometry.gamma import decode_gamma, encode_gamma
from twostage_hdr.radiometry.photometry import REFERENCE_CAP, WHITE

COLUMNS = ("pu21_psnr", "crf_pu21_psnr", "stops_error_clipped")
"""The protocol's scores that lights move most."""
COMPLETE = "complete"
"""Lies in a folder that has all frames."""


@dataclass(frozen=True, kw_only=True)
class ValidationFrame:
    """A whole frame with the frozen networks' image of it.

    Attributes:
        triple: frame and reference.
        response: how the frame is to be taken.
        known: the frame encoded with gamma 2.24, by the shipped curve where the response is to be estimated.
        two_stage: what the two stages make of it.
    """

    triple: Triple
    response: Any
    known: Tensor
    two_stage: Tensor

    def hdr(self, network: TwoStageWholeFrameNetwork) -> Tensor:
        """With the context of a network."""
        image: Tensor = self.two_stage * network.context(self.known)
        return image


def validation_frames(
    root: Path, folder: Path, shipped: TwoStageWholeFrameNetwork, splits: Path = SPLITS
) -> dict[str, list[ValidationFrame]]:
    """By camera; photographed, and passed through the two stages, once: the folder keeps them."""
    made: dict[str, list[ValidationFrame]] = {}
    for name, (camera, response) in cameras().items():
        place = folder / name
        if not (place / COMPLETE).exists():
            place.mkdir(parents=True, exist_ok=True)
            engine = Engine(network=shipped.two_stage)
            for triple in frames(root, camera, "val", splits):
                _keep(triple, response, shipped, engine, place / f"{file_name(str(triple.scene))}.pt")
            (place / COMPLETE).touch()
        made[name] = [_kept(file, response) for file in sorted(place.glob("*.pt"))]
    return made


@torch.no_grad()
def _keep(triple: Triple, response: Any, shipped: TwoStageWholeFrameNetwork, engine: Engine, file: Path) -> None:
    if file.exists():
        return
    ldr = triple.ldr[None]
    known = shipped.look(thumbnail(ldr), response).curve.encoded(ldr)
    two_stage = two_stages(engine, known).contiguous()
    content = triple._asdict() | {"known": known, "two_stage": two_stage}
    with atomic_path(file) as temporary:
        torch.save(content, temporary)


def _kept(file: Path, response: Any) -> ValidationFrame:
    content = torch.load(file, weights_only=True)
    known, two_stage = content.pop("known"), content.pop("two_stage")
    return ValidationFrame(triple=Triple(**content), response=response, known=known, two_stage=two_stage)


@torch.no_grad()
def scores(network: TwoStageWholeFrameNetwork, frame: ValidationFrame) -> dict[str, float]:
    """Of the network's image of one frame, whatever its branch and its context; the two stages are the shipped ones."""
    ldr = frame.triple.ldr[None]
    view = network.look(thumbnail(ldr), frame.response)
    image = network.lit(frame.hdr(network), ldr, view, top=0, height=ldr.shape[-2])
    return image_scores(frame.triple, decode_gamma(image)[0])


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
