"""Stage II on its own: a 16-bit image from an 8-bit one, inverse tone mapping in the field's words."""

from collections.abc import Sequence

import torch
from torch import nn

from twostage_hdr.data.triple import Triple
from twostage_hdr.inference.weights import load_weights
from twostage_hdr.losses.weighted import WeightedLoss
from twostage_hdr.radiometry.quantities import EncodedRGB
from twostage_hdr.training.optimisation import OptimizedPart, OptimizerFactory, ScheduleFactory, without_autocast
from twostage_hdr.training.reconstruction_module import Prediction, ReconstructionModule
from twostage_hdr.training.stage_weights import enhancement_stage


class ToneMappingModule(ReconstructionModule):
    """Trains the tone-mapping stage [sharif2021twostage].

    Args:
        network: stage II.
        loss: between its image and the 16-bit reference.
        optimizer: of stage II.
        stage_one_weights: of a trained, then frozen stage I, on whose output stage II learns (anything `load_weights`
            takes); None feeds it the LDR frame itself.
        schedule: of the learning rate; None keeps it constant.
        clip_norm: see `ReconstructionModule`.

    Raises:
        InputError: `stage_one_weights` cannot be read or holds no stage I.
    """

    def __init__(
        self,
        *,
        network: nn.Module,
        loss: WeightedLoss,
        optimizer: OptimizerFactory,
        stage_one_weights: str | None = None,
        schedule: ScheduleFactory | None = None,
        clip_norm: float | None = None,
    ) -> None:
        super().__init__(network=network, clip_norm=clip_norm)
        self.loss = loss
        self.enhancer = (
            None if stage_one_weights is None else enhancement_stage(load_weights(stage_one_weights), stage_one_weights)
        )
        if self.enhancer is not None:
            self.enhancer.requires_grad_(False)
        self.part = OptimizedPart("tone_mapping", network, optimizer, schedule)

    def optimized_parts(self) -> Sequence[OptimizedPart]:
        return [self.part]

    def predict(self, ldr: EncodedRGB) -> Prediction:
        with torch.no_grad():
            enhanced = None if self.enhancer is None else self.enhancer(ldr)
        return Prediction(self.network(ldr if enhanced is None else enhanced), enhanced)

    def training_step(self, batch: Triple, batch_idx: int) -> None:
        hdr = self.predict(batch.ldr).result.float()
        self.watch_output("tone_mapping", hdr, batch.reference16)
        with without_autocast(hdr):
            total, terms = self.loss(hdr, batch.reference16)
        self.log_losses("tone_mapping", total, terms)
        self.step_optimizers(batch, [(self.part, total)])
