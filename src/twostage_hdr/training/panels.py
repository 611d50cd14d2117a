"""Pictures of validation images: what a person looks at while a run goes on."""

from pathlib import Path
from typing import Any

import lightning as L
import torch
from jaxtyping import Float
from torch import Tensor

from twostage_hdr.data.triple import Triple
from twostage_hdr.imaging.png8 import eight_bit, write_png8
from twostage_hdr.radiometry.mu_law import mu_law_tone_map, reference_scale
from twostage_hdr.training.logged_pictures import log_picture
from twostage_hdr.training.reconstruction_module import Prediction


class ValidationPanels(L.Callback):
    """One picture per scene and validation: LDR, stage I, result, reference, difference, side by side.

    HDR images are shown through the mu-law curve that mu-PSNR uses, with the reference's scale.

    Args:
        directory: where `epoch_NNN_<scene>.png` are written.
        scenes: how many validation images are drawn.
    """

    def __init__(self, *, directory: str, scenes: int = 4) -> None:
        self.directory, self.scenes = Path(directory), scenes

    def on_validation_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Triple,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Draws the first few images."""
        if batch_idx >= self.scenes or trainer.sanity_checking or not trainer.is_global_zero:
            return
        picture = panel(batch, outputs)
        name = batch.scene[0].replace("/", "_")  # two folders may hold the same file name
        self.directory.mkdir(parents=True, exist_ok=True)
        write_png8(self.directory / f"epoch_{trainer.current_epoch:03d}_{name}.png", eight_bit(picture))
        columns = "LDR | stage I | result" if outputs.enhanced is not None else "LDR | result"
        log_picture(trainer, f"val/{name}", picture, f"{columns} | reference | difference")


def panel(batch: Triple, prediction: Prediction) -> Float[Tensor, "3 height width"]:
    """LDR | stage I (if any) | result | reference | absolute difference of the last two, of a batch's first image.

    Returns:
        Values in [0, 1]; the HDR images as T of mu-PSNR [ntire2021hdr].
    """
    reference = batch.reference16[:1].float().cpu()
    scale = reference_scale(reference)
    result = mu_law_tone_map(prediction.result[:1].float().cpu(), scale)
    shown = mu_law_tone_map(reference, scale)
    columns = [batch.ldr[:1].float().cpu()]
    if prediction.enhanced is not None:
        columns.append(prediction.enhanced[:1].float().cpu())
    columns += [result, shown, (result - shown).abs()]
    return torch.cat([column[0].clamp(0, 1) for column in columns], dim=-1)
