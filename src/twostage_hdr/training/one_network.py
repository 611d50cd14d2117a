"""One network, one loss: one-stage variants and the compared methods."""

from collections.abc import Sequence

from torch import nn

from twostage_hdr.data.triple import Triple
from twostage_hdr.losses.weighted import WeightedLoss
from twostage_hdr.networks.baselines.supervised import SupervisedOutput
from twostage_hdr.radiometry.gamma import encode_gamma
from twostage_hdr.radiometry.quantities import Frames
from twostage_hdr.training.optimisation import OptimizerFactory, Player, ScheduleFactory, without_autocast
from twostage_hdr.training.reconstruction_module import Prediction, ReconstructionModule


class SupervisedModule(ReconstructionModule):
    """Trains any network from the LDR frame to the 16-bit reference.

    Args:
        network: LDR frame to HDR image, in the domain that its attribute `output` names.
        loss: between what the network shows to its loss (`supervised_output` where it has one, else its output, in its
            domain) and the encoded reference.
        optimizer: of the network.
        schedule: of its learning rate; None keeps it constant.
        clip_norm: see `ReconstructionModule`.
    """

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
        self.player = Player("network", network, optimizer, schedule)

    def players(self) -> Sequence[Player]:
        """The network alone."""
        return [self.player]

    def predict(self, ldr: Frames) -> Prediction:
        """The network's image, encoded."""
        image = self.network(ldr)
        return Prediction(encode_gamma(image) if self.network.output == "linear" else image)

    def training_step(self, batch: Triple, batch_idx: int) -> None:
        """One update of the network."""
        network = self.network
        supervised = network.supervised_output if isinstance(network, SupervisedOutput) else network
        prediction = supervised(batch.ldr).float()
        with without_autocast(prediction):
            total, parts = self.loss(prediction, batch.reference16)
        self.log_losses("network", total, parts)
        self.take_turn(batch, [(self.player, total)])
