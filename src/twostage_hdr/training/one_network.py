"""One network, one loss: one-stage variants and the compared methods."""

from torch import nn

from twostage_hdr.data.triple import Triple
from twostage_hdr.losses.weighted import WeightedLoss
from twostage_hdr.networks.baselines.supervised import SupervisedOutput
from twostage_hdr.radiometry.gamma import encode_gamma
from twostage_hdr.radiometry.quantities import Frames
from twostage_hdr.training.optimisation import OptimizedPart, OptimizerFactory, ScheduleFactory, without_autocast
from twostage_hdr.training.reconstruction_module import Prediction, ReconstructionModule


class OneNetworkModule(ReconstructionModule):
    """Trains any network from the LDR frame to the 16-bit reference.

    Args:
        network: LDR frame to HDR image, in the domain that its attribute `output` names.
        loss: between `supervised_output` (the network's output, in its domain, where it has no such method) and the
            encoded reference.
        optimizer: of the network.
        schedule: of its learning rate; None keeps it constant.
        clip_norm: see `ReconstructionModule`.
    """

    name = "network"
    """Of what is optimised, in logged quantities."""

    def __init__(
        self,
        *,
        network: nn.Module,
        loss: WeightedLoss,
        optimizer: OptimizerFactory,
        schedule: ScheduleFactory | None = None,
        clip_norm: float | None = None,
    ) -> None:
        super().__init__(network=network, clip_norm=clip_norm)
        self.loss = loss
        self.part = OptimizedPart(self.name, network, optimizer, schedule)

    def seen(self, ldr: Frames) -> Frames:
        """What the network sees of a batch of frames."""
        return ldr

    def predict(self, ldr: Frames) -> Prediction:
        image = self.network(ldr)
        return Prediction(encode_gamma(image) if self.network.output == "linear" else image)

    def training_step(self, batch: Triple, batch_idx: int) -> None:
        network = self.network
        supervised = network.supervised_output if isinstance(network, SupervisedOutput) else network
        prediction = supervised(self.seen(batch.ldr)).float()
        if supervised is network:  # other outputs are no images
            self.watch_output(self.name, prediction, batch.reference16)
        with without_autocast(prediction):
            total, terms = self.loss(prediction, batch.reference16)
        self.log_losses(self.name, total, terms)
        self.step_optimizers(batch, [(self.part, total)])
