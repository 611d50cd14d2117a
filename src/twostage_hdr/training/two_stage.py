"""Both stages in one module: the published simultaneous training, sequential, or end to end."""

from collections.abc import Sequence
from typing import Literal, get_args

from torch import nn

from twostage_hdr.data.triple import Triple
from twostage_hdr.errors import InputError
from twostage_hdr.losses.weighted import WeightedLoss
from twostage_hdr.networks.multi_shot import MultiShotNetwork
from twostage_hdr.networks.two_stage import TwoStageNetwork
from twostage_hdr.radiometry.quantities import Frames
from twostage_hdr.training.enhancement import EnhancementModule
from twostage_hdr.training.enhancement_objective import EnhancementObjective
from twostage_hdr.training.optimisation import OptimizedPart, OptimizerFactory, ScheduleFactory, without_autocast
from twostage_hdr.training.reconstruction_module import Prediction

Mode = Literal["simultaneous", "sequential", "end_to_end"]


class TwoStageModule(EnhancementModule):
    """Trains stage I against a discriminator, and stage II with its own loss [sharif2021twostage].

    ::

        mode            stage I learns from    stage II's input
        simultaneous    L_I                    stage I's output, detached (as published)
        sequential      nothing: frozen        the frozen stage I's output
        end_to_end      L_I and L_II           stage I's output, with its gradient

    Args:
        network: both stages.
        discriminator: None trains without a GAN.
        objective: L_I, and the discriminator's loss.
        tone_mapping_loss: L_II, between stage II's image and the 16-bit reference.
        optimizer: of each stage.
        discriminator_optimizer: of the discriminator.
        mode: see above; `sequential` needs trained weights of stage I to start from.
        schedule: of all learning rates; None keeps them constant.
        clip_norm: see `ReconstructionModule`.

    Raises:
        InputError: unknown mode, or a network whose `forward` is not that of its base class.
    """

    network: TwoStageNetwork | MultiShotNetwork
    target = "reference16"

    def __init__(
        self,
        *,
        network: TwoStageNetwork | MultiShotNetwork,
        objective: EnhancementObjective,
        tone_mapping_loss: WeightedLoss,
        optimizer: OptimizerFactory,
        discriminator_optimizer: OptimizerFactory,
        mode: str = "simultaneous",
        discriminator: nn.Module | None = None,
        schedule: ScheduleFactory | None = None,
        clip_norm: float | None = None,
    ) -> None:
        if mode not in get_args(Mode):
            raise InputError(f"module.mode={mode}", f"choose one of {', '.join(get_args(Mode))}")
        if type(network).forward not in (TwoStageNetwork.forward, MultiShotNetwork.forward):
            seen = f"{type(network).__name__} has a forward of its own, which this training does not call"
            raise InputError("module.network", seen, "override stages() instead, or train it with module=one_network")
        super().__init__(
            network=network,
            objective=objective,
            optimizer=optimizer,
            discriminator_optimizer=discriminator_optimizer,
            discriminator=None if mode == "sequential" else discriminator,
            schedule=schedule,
            clip_norm=clip_norm,
        )
        self.mode = mode
        self.tone_mapping_loss = tone_mapping_loss
        if mode == "sequential":
            self.frozen_part = "stage I"
            network.enhancement.requires_grad_(False)
        self.enhancement_part = OptimizedPart("enhancement", network.enhancement, optimizer, schedule)
        self.tone_mapping_part = OptimizedPart("tone_mapping", network.tone_mapping, optimizer, schedule)
        self.generator_part = OptimizedPart("generator", network, optimizer, schedule)

    def optimized_parts(self) -> Sequence[OptimizedPart]:
        stages = {
            "simultaneous": [self.enhancement_part, self.tone_mapping_part],
            "sequential": [self.tone_mapping_part],
            "end_to_end": [self.generator_part],
        }[self.mode]
        return [*stages, *self.discriminator_parts]

    def predict(self, ldr: Frames) -> Prediction:
        enhanced, hdr = self.network.stages(ldr)
        return Prediction(hdr, enhanced)

    def training_step(self, batch: Triple, batch_idx: int) -> None:
        enhanced, hdr = (image.float() for image in self.network.stages(batch.ldr, detach=self.mode != "end_to_end"))
        self.watch_output("enhancement", enhanced, batch.reference8)
        self.watch_output("tone_mapping", hdr, batch.reference16)
        with without_autocast(hdr):
            tone_mapping, terms = self.tone_mapping_loss(hdr, batch.reference16)
        self.log_losses("tone_mapping", tone_mapping, terms)
        if self.mode == "sequential":
            return self.step_optimizers(batch, [(self.tone_mapping_part, tone_mapping)])
        enhancement, of_discriminator = self.enhancement_losses(enhanced, batch)
        if self.mode == "end_to_end":
            losses = [(self.generator_part, enhancement + tone_mapping)]
        else:
            losses = [(self.enhancement_part, enhancement), (self.tone_mapping_part, tone_mapping)]
        self.step_optimizers(batch, [*losses, *of_discriminator])
