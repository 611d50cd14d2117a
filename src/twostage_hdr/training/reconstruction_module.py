"""What all LightningModules here share: players, updates, validation scores."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import lightning as L
import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torchmetrics import Metric, MetricCollection

from twostage_hdr.data.triple import Triple
from twostage_hdr.errors import InputError
from twostage_hdr.inference.weights import describe_network
from twostage_hdr.metrics.delta_e import DeltaE, EncodedDeltaE
from twostage_hdr.metrics.mu_psnr import MuPSNR
from twostage_hdr.metrics.psnr import PSNR
from twostage_hdr.metrics.pu21_psnr import PU21PSNR
from twostage_hdr.metrics.ssim import SSIM, EncodedSSIM
from twostage_hdr.networks.hyper_parameters import to_channels_last
from twostage_hdr.radiometry.quantities import EncodedRGB, Frames
from twostage_hdr.training.enhancement_objective import LabelDraw
from twostage_hdr.training.non_finite import refuse_non_finite
from twostage_hdr.training.optimisation import Player, gradient_norm


class Prediction(NamedTuple):
    """What a module makes of an LDR frame; encoded, (B, 3, H, W)."""

    result: EncodedRGB
    """The image that is scored against the module's own target."""
    enhanced: EncodedRGB | None = None
    """Stage I's image where there is one beside the result."""


class ReconstructionModule(L.LightningModule):
    """Manual optimisation of one or more players, and the same validation for all of them.

    Lightning counts every player's update in `trainer.global_step`; the module's own `updates` counts batches, and
    with the seed that the process was given before the module was built it determines all random labels.

    Args:
        network: the generator: what the trained weights are.
        clip_norm: gradients of each player longer than this are shortened to it; None never does.
    """

    target: str = "reference16"
    """The field of the triple that the result is scored against."""

    frozen: str = ""
    """What of the network stands still and so must be trained before ("stage I is"); empty if all of it learns."""

    def __init__(self, *, network: nn.Module, clip_norm: float | None = None) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.network = to_channels_last(network)
        self.clip_norm = clip_norm
        self.updates = 0
        self.seed = torch.initial_seed()
        # An 8-bit image is compared as it is shown, an HDR image through the mu-law.
        eight_bit = self.target == "reference8"
        colour_and_structure: dict[str, Metric | MetricCollection] = {
            "ssim": EncodedSSIM() if eight_bit else SSIM(),
            "delta_e": EncodedDeltaE() if eight_bit else DeltaE(),
        }
        self.val_scores = MetricCollection(
            {"psnr": PSNR(), "mu_psnr": MuPSNR(), "pu21_psnr": PU21PSNR(), **colour_and_structure},
            prefix="val/",
        )

    # What each module says of itself.

    def players(self) -> Sequence[Player]:
        """Who optimises, in the order of `self.optimizers()`."""
        raise NotImplementedError

    def predict(self, ldr: Frames) -> Prediction:
        """Inference on a batch of frames."""
        raise NotImplementedError

    # Optimisation.

    def configure_optimizers(self) -> Any:
        """One optimiser a player, and the schedules of those that have one."""
        if str(self.trainer.precision).startswith("16"):
            raise InputError(
                f"trainer.precision={self.trainer.precision}", "choose bf16-mixed, which needs no loss scaling"
            )
        optimizers: list[Optimizer] = []
        schedules: list[LRScheduler] = []
        self._schedule_of: dict[str, int] = {}
        self._optimizer_of = {player.name: place for place, player in enumerate(self.players())}
        for player in self.players():
            optimizer = player.optimizer(player.parameters())
            optimizers.append(optimizer)
            if player.schedule is not None:
                self._schedule_of[player.name] = len(schedules)
                schedules.append(player.schedule(optimizer, self.updates_planned()))
        return optimizers, schedules

    def updates_planned(self) -> int:
        """Number of batches of the whole run, which schedules stretch over."""
        if self.trainer.max_epochs is None or self.trainer.max_epochs < 0:
            raise InputError("trainer.max_epochs", "not set", "a schedule needs to know where the run ends")
        datamodule = self.trainer.datamodule  # type: ignore[attr-defined]
        batches = datamodule.patches_per_epoch // (datamodule.batch_size * self.trainer.world_size)
        limit = self.trainer.limit_train_batches
        batches = min(batches, limit) if isinstance(limit, int) else int(batches * (1.0 if limit is None else limit))
        return max(batches * self.trainer.max_epochs, 1)

    def take_turn(self, batch: Triple, losses: Sequence[tuple[Player, Tensor]]) -> None:
        """One update of each player, all from the same weights; nobody moves if a loss or gradient is not finite.

        Raises:
            InputError: a loss or a gradient is not finite; its batch is kept in the run's directory.
        """
        known = self.optimizers()
        optimizers = known if isinstance(known, list) else [known]
        values: dict[str, Tensor] = {}
        for player, loss in losses:
            optimizers[self._optimizer_of[player.name]].zero_grad(set_to_none=True)
            self.manual_backward(loss)
            values |= {f"{player.name} loss": loss, f"{player.name} gradient": gradient_norm(player.parameters())}
        place = f"epoch {self.current_epoch + 1}, update {self.updates + 1}"
        refuse_non_finite(values, batch, Path(self.trainer.default_root_dir), place)
        for player, _ in losses:
            self._step(player, optimizers[self._optimizer_of[player.name]], values[f"{player.name} gradient"])
        self.updates += 1

    def _step(self, player: Player, optimizer: Any, norm: Tensor) -> None:
        if self.clip_norm is not None:
            nn.utils.clip_grads_with_norm_(player.parameters(), self.clip_norm, norm)
        optimizer.step()
        self.log(f"train/{player.name}/gradient_norm", norm)
        self.log(f"train/{player.name}/lr", optimizer.param_groups[0]["lr"])
        if player.name in self._schedule_of:
            schedules = self.lr_schedulers()
            schedule = schedules[self._schedule_of[player.name]] if isinstance(schedules, list) else schedules
            schedule.step()  # type: ignore[union-attr]

    def labels(self) -> LabelDraw:
        """The soft labels of this update: a function of seed and update, whatever the number of processes."""
        state = np.random.SeedSequence([self.seed, self.updates]).generate_state(1, np.uint64)
        generator = torch.Generator().manual_seed(int(state[0] >> np.uint64(1)))
        return LabelDraw(generator, (self.global_rank, self.trainer.world_size))

    def log_losses(self, player: str, total: Tensor, parts: dict[str, Tensor]) -> None:
        """A player's loss and its unweighted terms; the total goes to the progress bar."""
        self.log(f"train/{player}/loss", total.detach(), prog_bar=True)
        self.log_dict({f"train/{player}/{name}": value for name, value in parts.items()})

    # Validation and inference.

    def forward(self, ldr: Frames) -> EncodedRGB:
        """The result for a batch of frames, encoded."""
        return self.predict(ldr).result

    def validation_step(self, batch: Triple, batch_idx: int) -> Prediction:  # type: ignore[override]
        """Scores whole images; callbacks draw what it returns."""
        prediction = self.predict(batch.ldr)
        scores = self.val_scores(prediction.result.float(), getattr(batch, self.target))
        del scores  # each image's scores also stay inside the metrics
        self.log_dict(dict(self.val_scores.items()), on_step=False, on_epoch=True, batch_size=1)
        return prediction

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Says which network the weights belong to, so that the checkpoint can be used without its run's config."""
        checkpoint["network"] = describe_network(self.network)
        checkpoint["updates"] = self.updates

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Goes on counting."""
        self.updates = checkpoint.get("updates", 0)
