"""Both stages in one module: the published simultaneous training, sequential, or end to end."""

from collections.abc import Sequence
from typing import Literal, get_args

from torch import nn

from twostage_hdr.data.triple import Triple
from twostage_hdr.errors import InputError
from twostage_hdr.losses.weighted import WeightedLoss
from twostage_hdr.networks.hyper_parameters import to_channels_last
from twostage_hdr.networks.multi_shot import MultiShotNetwork
from twostage_hdr.networks.two_stage import TwoStageNetwork
from twostage_hdr.radiometry.quantities import Frames
from twostage_hdr.training.enhancement_objective import EnhancementObjective
from twostage_hdr.training.optimisation import OptimizerFactory, Player, ScheduleFactory, without_autocast
from twostage_hdr.training.reconstruction_module import Prediction, ReconstructionModule

Mode = Literal["simultaneous", "sequential", "end_to_end"]


class TwoStageModule(ReconstructionModule):
    """Composes stage I's game with stage II's loss [sharif2021twostage].

    ::

        mode            stage I learns from          stage II sees
        simultaneous    its own game                 stage I's output, detached (as published)
        sequential      nothing: frozen              the frozen stage I's output
        end_to_end      its own game and L_II        stage I's output, with the gradient

    Args:
        network: both stages.
        discriminator: None trains without a GAN.
        objective: stage I's losses, for both of its players.
        tone_mapping_loss: L_II, between stage II's image and the 16-bit reference.
        optimizer: of each stage.
        discriminator_optimizer: of the discriminator.
        mode: see above; `sequential` needs trained weights of stage I to start from.
        schedule: of all learning rates; None keeps them constant.
        clip_norm: see `ReconstructionModule`.

    Raises:
        InputError: unknown mode.
    """

    network: TwoStageNetwork | MultiShotNetwork

    def __init__(
        self,
        *,
        network: TwoStageNetwork | MultiShotNetwork,
        discriminator: nn.Module | None,
        objective: EnhancementObjective,
        tone_mapping_loss: WeightedLoss,
        optimizer: OptimizerFactory,
        discriminator_optimizer: OptimizerFactory,
        mode: str = "simultaneous",
        schedule: ScheduleFactory | None = None,
        clip_norm: float | None = None,
    ) -> None:
        if mode not in get_args(Mode):
            raise InputError(f"module.mode={mode}", f"choose one of {', '.join(get_args(Mode))}")
        super().__init__(network=network, clip_norm=clip_norm)
        self.mode = mode
        self.discriminator = to_channels_last(discriminator) if discriminator and mode != "sequential" else None
        self.objective = objective
        self.tone_mapping_loss = tone_mapping_loss
        if mode == "sequential":
            self.frozen = "stage I is"
            network.enhancement.requires_grad_(False)
        self.enhancement_player = Player("enhancement", network.enhancement, optimizer, schedule)
        self.tone_mapping_player = Player("tone_mapping", network.tone_mapping, optimizer, schedule)
        self.generator_player = Player("generator", network, optimizer, schedule)
        self.discriminator_player = (
            Player("discriminator", self.discriminator, discriminator_optimizer, schedule)
            if self.discriminator
            else None
        )

    def players(self) -> Sequence[Player]:
        """The stages that learn (end to end they are one player), then the discriminator."""
        stages = {
            "simultaneous": [self.enhancement_player, self.tone_mapping_player],
            "sequential": [self.tone_mapping_player],
            "end_to_end": [self.generator_player],
        }[self.mode]
        return [*stages, *([self.discriminator_player] if self.discriminator_player else [])]

    def predict(self, ldr: Frames) -> Prediction:
        """Both stages' images."""
        enhanced, hdr = self.network.stages(ldr)
        return Prediction(hdr, enhanced)

    def training_step(self, batch: Triple, batch_idx: int) -> None:
        """One turn of every player, all from the same weights."""
        enhanced, hdr = (image.float() for image in self.network.stages(batch.ldr, detach=self.mode != "end_to_end"))
        with without_autocast(hdr):
            tone_mapping, parts = self.tone_mapping_loss(hdr, batch.reference16)
        self.log_losses("tone_mapping", tone_mapping, parts)
        if self.mode == "sequential":
            return self.take_turn(batch, [(self.tone_mapping_player, tone_mapping)])
        turn = self.objective(enhanced, batch.reference8, self.discriminator, self.labels())
        self.log_losses("enhancement", turn.generator_value, turn.parts)
        if self.mode == "end_to_end":
            losses = [(self.generator_player, turn.generator + tone_mapping)]
        else:
            losses = [(self.enhancement_player, turn.generator), (self.tone_mapping_player, tone_mapping)]
        if self.discriminator_player and turn.discriminator is not None:
            losses.append((self.discriminator_player, turn.discriminator))
            self.log_losses("discriminator", turn.discriminator, {})
        self.take_turn(batch, losses)
