"""Stage I on its own: a clean 8-bit image from an LDR frame."""

from collections.abc import Sequence

from torch import Tensor, nn

from twostage_hdr.data.triple import Triple
from twostage_hdr.networks.hyper_parameters import to_channels_last
from twostage_hdr.radiometry.quantities import EncodedRGB, Frames
from twostage_hdr.training.enhancement_objective import EnhancementObjective
from twostage_hdr.training.optimisation import OptimizedPart, OptimizerFactory, ScheduleFactory
from twostage_hdr.training.reconstruction_module import Prediction, ReconstructionModule


class EnhancementModule(ReconstructionModule):
    """Trains the enhancement stage against a discriminator [sharif2021twostage].

    Args:
        network: stage I.
        discriminator: None trains without a GAN.
        objective: losses of stage I and of the discriminator.
        optimizer: of stage I.
        discriminator_optimizer: of the discriminator.
        schedule: of both learning rates; None keeps them constant.
        clip_norm: see `ReconstructionModule`.
    """

    target = "reference8"

    def __init__(
        self,
        *,
        network: nn.Module,
        objective: EnhancementObjective,
        optimizer: OptimizerFactory,
        discriminator_optimizer: OptimizerFactory,
        discriminator: nn.Module | None = None,
        schedule: ScheduleFactory | None = None,
        clip_norm: float | None = None,
    ) -> None:
        super().__init__(network=network, clip_norm=clip_norm)
        self.objective = objective
        self.discriminator = discriminator
        self.enhancement_part = OptimizedPart("enhancement", network, optimizer, schedule)
        self.discriminator_parts: list[OptimizedPart] = []
        if discriminator is not None:
            part = OptimizedPart("discriminator", to_channels_last(discriminator), discriminator_optimizer, schedule)
            self.discriminator_parts = [part]

    def optimized_parts(self) -> Sequence[OptimizedPart]:
        return [self.enhancement_part, *self.discriminator_parts]

    def predict(self, ldr: Frames) -> Prediction:
        return Prediction(self.network(ldr))

    def training_step(self, batch: Triple, batch_idx: int) -> None:
        enhanced = self.network(batch.ldr).float()
        self.watch_output("enhancement", enhanced, batch.reference8)
        loss, of_discriminator = self.enhancement_losses(enhanced, batch)
        self.step_optimizers(batch, [(self.enhancement_part, loss), *of_discriminator])

    def enhancement_losses(
        self, enhanced: EncodedRGB, batch: Triple
    ) -> tuple[Tensor, list[tuple[OptimizedPart, Tensor]]]:
        """Stage I's loss, and the discriminator's if it takes part; both are logged."""
        gan = self.objective(enhanced, batch.reference8, self.discriminator, self.soft_labels())
        self.log_losses("enhancement", gan.generator_value, gan.terms)
        if gan.discriminator is None:
            return gan.generator, []
        self.log_losses("discriminator", gan.discriminator, {})
        return gan.generator, [(part, gan.discriminator) for part in self.discriminator_parts]
