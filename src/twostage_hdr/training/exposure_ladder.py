"""HDR images at several exposures: what lies above white shows only when the exposure is turned down."""

from collections.abc import Sequence
from typing import Any

import lightning as L
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from twostage_hdr.data.triple import Triple
from twostage_hdr.radiometry.exposure import expose
from twostage_hdr.radiometry.gamma import decode_gamma, encode_gamma
from twostage_hdr.radiometry.quantities import EncodedRGB
from twostage_hdr.training.logged_pictures import log_picture, picture_loggers

MAX_SIDE = 480
"""Longest side of each picture of a ladder, px: dashboards show thumbnails, and the files go through the network."""


class ExposureLadder(L.Callback):
    """Sends validation images at several exposures to the loggers that show pictures; writes no files itself.

    Args:
        stops: exposures relative to the frame's; at 0 what the frame's clipping point is, is white.
        scenes: how many validation images are shown.
    """

    def __init__(self, *, stops: Sequence[float] = (-4.0, -2.0, 0.0), scenes: int = 4) -> None:
        self.stops, self.scenes = tuple(float(stop) for stop in stops), scenes

    def on_validation_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Triple,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Shows the first few images."""
        if batch_idx >= self.scenes or trainer.sanity_checking or not trainer.is_global_zero:
            return
        if not picture_loggers(trainer):
            return
        picture = ladder(outputs.result[0].float().cpu(), batch.reference16[0].float().cpu(), self.stops)
        shown = ", ".join(f"{stop:+g}" for stop in self.stops)
        name = batch.scene[0].replace("/", "_")
        log_picture(trainer, f"exposures/{name}", picture, f"result above reference at {shown} stops")


def ladder(
    result: EncodedRGB, reference: EncodedRGB, stops: Sequence[float], max_side: int = MAX_SIDE
) -> Float[Tensor, "3 rows columns"]:
    """The result above the reference, a column for each exposure: clipped at white, encoded.

    Args:
        result: encoded, (3, H, W); negative values count as 0.
        reference: likewise.
        stops: of the columns.
        max_side: longer images are averaged down, in linear light, px.

    Returns:
        Values in [0, 1].
    """
    rows = []
    for encoded in (result, reference):
        linear = _shrunk(decode_gamma(encoded.clamp(min=0)), max_side)
        rows.append(torch.cat([encode_gamma(expose(linear, stop).clamp(max=1)) for stop in stops], dim=-1))
    return torch.cat(rows, dim=-2)


def _shrunk(linear: Tensor, side: int) -> Tensor:
    height, width = linear.shape[-2:]
    if max(height, width) <= side:
        return linear
    factor = side / max(height, width)
    size = (max(round(height * factor), 1), max(round(width * factor), 1))
    return F.interpolate(linear[None], size=size, mode="area")[0]
