"""The base of all LightningModules here: manual optimisation, validation scores, checkpoints."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import lightning as L
import numpy as np
import torch
from torch import Tensor, nn
from torchmetrics import Metric, MetricCollection

from twostage_hdr.data.triple import Triple
from twostage_hdr.errors import InputError
from twostage_hdr.inference.network_description import describe_network
from twostage_hdr.metrics.delta_e import DeltaE, EncodedDeltaE
from twostage_hdr.metrics.mu_psnr import MuPSNR
from twostage_hdr.metrics.psnr import PSNR
from twostage_hdr.metrics.pu21_psnr import PU21PSNR
from twostage_hdr.metrics.ssim import SSIM, EncodedSSIM
from twostage_hdr.networks.hyper_parameters import to_channels_last
from twostage_hdr.radiometry.exposure_stack import frame_count
from twostage_hdr.radiometry.quantities import EncodedRGB, Frames
from twostage_hdr.training.enhancement_objective import SoftLabels
from twostage_hdr.training.non_finite import Judged, NonFiniteGuard, skips_updates
from twostage_hdr.training.optimisation import OptimizedPart, gradient_norm
from twostage_hdr.training.zero_output import ZeroOutputGuard, zero_share


class Prediction(NamedTuple):
    """What a module makes of an LDR frame; encoded, (B, 3, H, W)."""

    result: EncodedRGB
    """The image that is scored against the module's own target."""
    enhanced: EncodedRGB | None = None
    """Stage I's image where there is one beside the result."""


class ReconstructionModule(L.LightningModule):
    """Manual optimisation of one or more parts, and the same validation for all modules.

    Lightning counts every optimiser's step in `trainer.global_step`; the module's own `updates` counts batches, and
    together with the seed of the process it determines all soft labels.

    Args:
        network: the generator, whose weights are the result of the training.
        clip_norm: largest gradient norm of each part; None does not clip.
    """

    target: str = "reference16"
    """The field of the triple that the result is scored against."""

    batch_type: type = Triple
    """What it learns from."""

    frozen_part: str = ""
    """The part of the network that is frozen and so must already be trained ("stage I"); empty if there is none."""

    def __init__(self, *, network: nn.Module, clip_norm: float | None = None) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.network = to_channels_last(network)
        self.clip_norm = clip_norm
        self.updates = 0
        self.seed = torch.initial_seed()
        self.kept: dict[str, Tensor] = {}
        """Weights that stand still, by their names in the module: an average of them would differ by its rounding."""
        self._guard = NonFiniteGuard()
        self._zero_output = ZeroOutputGuard()
        self._stepping: list[str] = []
        self.recorded: Judged | None = None
        """The losses of a recorded step, see `recording`."""
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

    recording = False
    """Whether `training_step` is being recorded for later (`GraphedSteps`): what the host does is left to `account`."""

    # To be implemented.

    part: OptimizedPart
    """What is optimised where that is one part."""

    def optimized_parts(self) -> Sequence[OptimizedPart]:
        """What is optimised, in the order of `self.optimizers()`."""
        return [self.part]

    def predict(self, ldr: Frames) -> Prediction:
        """The images made from a batch of frames."""
        raise NotImplementedError

    # Optimisation.

    def configure_optimizers(self) -> Any:
        precision = str(self.trainer.precision)
        if precision.startswith("16"):
            raise InputError(f"trainer.precision={precision}", "choose bf16-mixed, which needs no loss scaling")
        parts = self.optimized_parts()
        optimizers = [part.optimizer(part.parameters()) for part in parts]
        schedules = {
            part.name: part.schedule(optimizer, self.updates_planned())
            for part, optimizer in zip(parts, optimizers, strict=True)
            if part.schedule is not None
        }
        self._optimizer_of = {part.name: place for place, part in enumerate(parts)}
        self._schedule_of = {name: place for place, name in enumerate(schedules)}
        return optimizers, list(schedules.values())

    def updates_planned(self) -> int:
        """Number of updates of the whole run."""
        if self.trainer.max_epochs is None or self.trainer.max_epochs < 0:
            subject = f"trainer.max_epochs={self.trainer.max_epochs}"
            raise InputError(subject, "a schedule needs to know where the run ends", "give a number of epochs")
        datamodule = self.trainer.datamodule  # type: ignore[attr-defined]
        batches = datamodule.patches_per_epoch // (datamodule.batch_size * self.trainer.world_size)
        limit = self.trainer.limit_train_batches
        batches = min(batches, limit) if isinstance(limit, int) else int(batches * (1.0 if limit is None else limit))
        return max(batches * self.trainer.max_epochs, 1)

    def step_optimizers(self, batch: Triple, losses: Sequence[tuple[OptimizedPart, Tensor]]) -> None:
        """One optimizer step of each part, all from the same weights; none if a loss or gradient is not finite.

        Raises:
            InputError: a loss or a gradient is not finite, on a GPU maybe of an earlier step; its batch is
                kept in the run's directory.
        """
        self._stepping = [part.name for part, _ in losses]
        stepping = self._stepping_optimizers()
        values: dict[str, Tensor] = {}
        for (part, loss), optimizer in zip(losses, stepping, strict=True):
            optimizer.zero_grad(set_to_none=True)
            self.manual_backward(loss)
            values |= {f"{part.name} loss": loss, f"{part.name} gradient": gradient_norm(part.parameters())}
        judged = self._guard.judge(values)
        found = judged.found
        skip = found.is_cuda and all(skips_updates(optimizer.optimizer) for optimizer in stepping)
        if self.recording:
            self.recorded = judged
        else:
            self._refuse_non_finite(judged, batch, wait=not skip)
        for (part, _), optimizer in zip(losses, stepping, strict=True):
            if skip or self.recording:
                optimizer.optimizer.found_inf = found  # as GradScaler sets it
            self._step(part, optimizer, values[f"{part.name} gradient"])
        if not self.recording:
            self._end_update()

    def account(self, batch: Triple) -> None:
        """What the host does in an update, after a recorded one has been started.

        Raises:
            InputError: see `step_optimizers` and `watch_output`.
        """
        assert self.recorded is not None
        self._refuse_non_finite(self.recorded, batch, wait=False)
        self._zero_output.read(self.updates + 1)
        for optimizer in self._stepping_optimizers():  # Lightning counts the step
            optimizer._on_before_step()
            optimizer._on_after_step()
        self._end_update()

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Refuses data that are not what the module learns from, or have another number of exposures.

        Raises:
            InputError: it names both kinds, or both numbers.
        """
        if not isinstance(batch, self.batch_type):
            seen_kind, wanted_kind = type(batch).__name__, self.batch_type.__name__
            cure = "choose data, or a data.collate, made for it (module=two_stage_whole_frame: data=hdr_views)"
            raise InputError("data", f"makes a {seen_kind}, {type(self).__name__} learns from a {wanted_kind}", cure)
        seen = frame_count(batch.ldr) if isinstance(batch, Triple) else 1
        wanted = getattr(self.network, "frames", 1)
        if seen != wanted:
            several = "choose camera=all_exposures, or data.source.exposure=all of HdM and stores"
            cure = several if wanted > 1 else "choose module=multi_shot, or a camera of one frame"
            raise InputError("data", f"exposures of a scene: {seen}, the network takes {wanted}", cure)

    def on_train_epoch_end(self) -> None:
        """Reads what is still on its way from the GPU.

        Raises:
            InputError: one of the last steps was not finite.
        """
        self._guard.refuse(Path(self.trainer.default_root_dir), wait=True)

    def _step(self, part: OptimizedPart, optimizer: Any, norm: Tensor) -> None:
        if self.clip_norm is not None:
            nn.utils.clip_grads_with_norm_(part.parameters(), self.clip_norm, norm)
        (optimizer.optimizer if self.recording else optimizer).step()  # Lightning's counts steps, as they happen
        self.log(f"train/{part.name}/gradient_norm", norm)
        # As a tensor of the device: the host would wait for the copy of a number.
        rate = optimizer.param_groups[0]["lr"]
        self.log(f"train/{part.name}/lr", rate if isinstance(rate, Tensor) else norm.new_full((), rate))

    def _stepping_optimizers(self) -> list[Any]:
        """Lightning's, of the parts that the last update optimised."""
        known = self.optimizers()
        optimizers = known if isinstance(known, list) else [known]
        return [optimizers[self._optimizer_of[name]] for name in self._stepping]

    def _refuse_non_finite(self, judged: Judged, batch: Triple, *, wait: bool) -> None:
        place = f"epoch {self.current_epoch + 1}, update {self.updates + 1}"
        self._guard.send(judged, batch, place)
        self._guard.refuse(Path(self.trainer.default_root_dir), wait=wait)

    def _end_update(self) -> None:
        """Steps the schedules of what the update optimised, and counts it."""
        for name in self._stepping:
            if name in self._schedule_of:
                schedules = self.lr_schedulers()
                schedule = schedules[self._schedule_of[name]] if isinstance(schedules, list) else schedules
                schedule.step()  # type: ignore[union-attr]
        self.updates += 1

    def soft_labels(self) -> SoftLabels:
        """The soft labels of this update: a function of seed and update, independent of the number of processes."""
        state = np.random.SeedSequence([self.seed, self.updates]).generate_state(1, np.uint64)
        generator = torch.Generator().manual_seed(int(state[0] >> np.uint64(1)))
        return generator, (self.global_rank, self.trainer.world_size)

    def log_losses(self, part: str, total: Tensor, terms: dict[str, Tensor]) -> None:
        """A part's loss and its unweighted terms; the total goes to the progress bar."""
        self.log(f"train/{part}/loss", total.detach(), prog_bar=True)
        self.log_dict({f"train/{part}/{name}": value for name, value in terms.items()})

    def watch_output(self, part: str, image: EncodedRGB, reference: EncodedRGB) -> None:
        """Logs how much of a part's image is zero, and ends a run in which that stays most of it.

        Raises:
            InputError: see `ZeroOutputGuard`.
        """
        share = zero_share(image, reference)
        self.log(f"train/{part}/zero_share", share)
        if self.recording:
            self._zero_output.count(part, share)
        else:
            self._zero_output.check(part, share, self.updates + 1)

    # Validation and inference.

    def forward(self, ldr: Frames) -> EncodedRGB:
        """The result for a batch of frames, encoded."""
        return self.predict(ldr).result

    def validation_step(self, batch: Triple, batch_idx: int) -> Prediction:  # type: ignore[override]
        prediction = self.predict(batch.ldr)
        self.val_scores(prediction.result.float(), getattr(batch, self.target))  # scores stay inside the metrics
        self.log_dict(dict(self.val_scores.items()), on_step=False, on_epoch=True, batch_size=1)
        return prediction

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["network"] = describe_network(self.network)  # makes it usable without the run's config
        checkpoint["updates"] = self.updates
        checkpoint["state_dict"] |= self.kept

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.updates = checkpoint.get("updates", 0)
