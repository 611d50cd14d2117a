"""Stage II on its own: a 16-bit image from an 8-bit one, inverse tone mapping in the field's words."""

import torch
from torch import nn

from twostage_hdr.inference.weights import load_weights
from twostage_hdr.losses.weighted import WeightedLoss
from twostage_hdr.radiometry.quantities import Frames
from twostage_hdr.training.one_network import OneNetworkModule
from twostage_hdr.training.optimisation import OptimizerFactory, ScheduleFactory
from twostage_hdr.training.reconstruction_module import Prediction
from twostage_hdr.training.stage_weights import enhancement_stage


class ToneMappingModule(OneNetworkModule):
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

    name = "tone_mapping"

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
        super().__init__(network=network, loss=loss, optimizer=optimizer, schedule=schedule, clip_norm=clip_norm)
        self.enhancer: nn.Module | None = None
        if stage_one_weights is not None:
            self.enhancer = enhancement_stage(load_weights(stage_one_weights), stage_one_weights).requires_grad_(False)

    @torch.no_grad()
    def seen(self, ldr: Frames) -> Frames:
        """The frozen stage I's image, or the frame itself."""
        return ldr if self.enhancer is None else self.enhancer(ldr)

    def predict(self, ldr: Frames) -> Prediction:
        seen = self.seen(ldr)
        return Prediction(self.network(seen), None if self.enhancer is None else seen)
