"""Previews of validation images during training: panels side by side, and strips of exposures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from lightning.pytorch.loggers import TensorBoardLogger, WandbLogger
from torch import Tensor

from twostage_hdr.data.triple import Triple
from twostage_hdr.imaging.pixel_arrays import PreviewPixels
from twostage_hdr.imaging.preview import eight_bit, labelled_columns, write_png8
from twostage_hdr.radiometry.exposure import expose
from twostage_hdr.radiometry.exposure_stack import reference_frame
from twostage_hdr.radiometry.gamma import decode_gamma, encode_gamma
from twostage_hdr.radiometry.mu_law import mu_law_tone_map, reference_scale
from twostage_hdr.radiometry.quantities import EncodedRGB
from twostage_hdr.training.reconstruction_module import Prediction


class ValidationPictures(L.Callback):
    """Shows the first image of the first batches of every validation.

    Args:
        scenes: how many validation images are shown.
    """

    def __init__(self, *, scenes: int) -> None:
        self.scenes = scenes

    def show(self, trainer: L.Trainer, batch: Triple, prediction: Prediction, name: str) -> None:
        """Shows one image, whose name can be a file's."""
        raise NotImplementedError

    def on_validation_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Triple, batch_idx: int, *_: Any
    ) -> None:
        if batch_idx < self.scenes and trainer.is_global_zero and not trainer.sanity_checking:
            name = batch.scene[0].replace("/", "_")  # two folders may hold the same file name
            self.show(trainer, batch, outputs, name)


class ValidationPanels(ValidationPictures):
    """One picture per scene and validation: LDR, stage I, result, reference, difference, side by side.

    HDR images are shown through the mu-law curve that mu-PSNR uses, with the reference's scale.

    Args:
        directory: where `epoch_NNN_<scene>.png` are written, epochs counted from 1.
        scenes: how many validation images are drawn.
    """

    def __init__(self, *, directory: str, scenes: int = 4) -> None:
        super().__init__(scenes=scenes)
        self.directory = Path(directory)

    def show(self, trainer: L.Trainer, batch: Triple, prediction: Prediction, name: str) -> None:
        columns = ["LDR", *([] if prediction.enhanced is None else ["stage I"]), "result", "reference", "difference"]
        picture = labelled_columns(eight_bit(panel(batch, prediction)), columns)
        self.directory.mkdir(parents=True, exist_ok=True)
        write_png8(self.directory / f"epoch_{trainer.current_epoch + 1:03d}_{name}.png", picture)
        log_picture(trainer, f"val/{name}", picture, " | ".join(columns))


def panel(batch: Triple, prediction: Prediction) -> Float[Tensor, "3 height width"]:
    """LDR | stage I (if any) | result | reference | absolute difference of the last two, of a batch's first image.

    Returns:
        Values in [0, 1]; the HDR images as T of mu-PSNR [ntire2021hdr].
    """
    reference = batch.reference16[:1].float().cpu()
    scale = reference_scale(reference)
    result = mu_law_tone_map(prediction.result[:1].float().cpu(), scale)
    shown = mu_law_tone_map(reference, scale)
    columns = [reference_frame(batch.ldr)[:1].float().cpu()]
    if prediction.enhanced is not None:
        columns.append(prediction.enhanced[:1].float().cpu())
    columns += [result, shown, (result - shown).abs()]
    return torch.cat([column[0].clamp(0, 1) for column in columns], dim=-1)


MAX_SIDE = 480
"""Longest side of each image of a strip, px: dashboards show thumbnails, and the files are uploaded."""


class ExposureStrip(ValidationPictures):
    """Sends validation images at several exposures to the loggers that show images; writes no files.

    Args:
        stops: exposures relative to the frame's; at 0 the frame's clipping point is white.
        scenes: how many validation images are shown.
    """

    def __init__(self, *, stops: Sequence[float] = (-4.0, -2.0, 0.0), scenes: int = 4) -> None:
        super().__init__(scenes=scenes)
        self.stops = tuple(float(stop) for stop in stops)

    def show(self, trainer: L.Trainer, batch: Triple, prediction: Prediction, name: str) -> None:
        if not any(isinstance(logger, WandbLogger | TensorBoardLogger) for logger in trainer.loggers):
            return
        picture = comparison_strip(prediction.result[0].float().cpu(), batch.reference16[0].float().cpu(), self.stops)
        rows = [
            labelled_columns(row, [f"{title} {stop:+g}" for stop in self.stops])
            for title, row in zip(("result", "reference"), np.split(eight_bit(picture), 2), strict=True)
        ]
        shown = ", ".join(f"{stop:+g}" for stop in self.stops)
        log_picture(trainer, f"exposures/{name}", np.concatenate(rows), f"result above reference at {shown} stops")


def comparison_strip(
    result: EncodedRGB, reference: EncodedRGB, stops: Sequence[float], max_side: int = MAX_SIDE
) -> Float[Tensor, "3 rows columns"]:
    """The result above the reference, a column for each exposure: clipped at white, encoded.

    Args:
        result: encoded, (3, H, W); negative values count as 0.
        reference: encoded, (3, H, W).
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


def log_picture(trainer: L.Trainer, name: str, pixels: PreviewPixels, caption: str) -> None:
    """Sends one picture at the place of the axis where Lightning's own curves are."""
    step = trainer.fit_loop.epoch_loop._batches_that_stepped
    for logger in trainer.loggers:
        if isinstance(logger, WandbLogger):
            logger.log_image(name, [pixels], step=step, caption=[caption])
        elif isinstance(logger, TensorBoardLogger):
            logger.experiment.add_image(name, pixels, step, dataformats="HWC")
