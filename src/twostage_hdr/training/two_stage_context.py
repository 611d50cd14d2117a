"""Trains what the two-stage network cannot see: the context's gains over a frozen two-stage network."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from twostage_hdr.data.triple import Triple
from twostage_hdr.errors import InputError
from twostage_hdr.inference.engine import Engine
from twostage_hdr.losses.weighted import WeightedLoss
from twostage_hdr.networks.two_stage_context import TwoStageContextNetwork
from twostage_hdr.training.one_network import SupervisedModule
from twostage_hdr.training.optimisation import OptimizerFactory, ScheduleFactory, without_autocast
from twostage_hdr.training.result_memory import ResultMemory


class TwoStageContextModule(SupervisedModule):
    """The two stages are frozen, and their results remembered; the context alone learns, several times as fast.

    Crops are mirrored here, at random, after the two stages have seen them: so a fixed set of patches
    (`data.fresh_patches=false`, crops as large as patches, no flips and no zoom) is computed once, in the first epoch.
    Frames are taken for what they are, 8 bits.

    Args:
        network: a `TwoStageContextNetwork`; start it from trained weights of the two-stage network (`weights=W`).
        loss: between the result and the encoded 16-bit reference.
        optimizer: of the context.
        memory: folder of the two stages' results, see `ResultMemory`; None computes them in every epoch.
        schedule: of its learning rate; None keeps it constant.
        clip_norm: see `ReconstructionModule`.

    Raises:
        InputError: another kind of network.
    """

    network: TwoStageContextNetwork
    frozen = "the two stages are"

    def __init__(
        self,
        *,
        network: nn.Module,
        loss: WeightedLoss,
        optimizer: OptimizerFactory,
        memory: str | None,
        schedule: ScheduleFactory | None = None,
        clip_norm: float | None = None,
    ) -> None:
        if not isinstance(network, TwoStageContextNetwork):
            raise InputError(f"module.network={type(network).__name__}", "this module trains network=two_stage_context")
        super().__init__(network=network, loss=loss, optimizer=optimizer, schedule=schedule, clip_norm=clip_norm)
        network.two_stage.requires_grad_(False)
        self.memory = None if memory is None else ResultMemory(Path(memory))
        self.engine: Engine | None = None
        self.start: dict[str, Tensor] = {}

    def on_fit_start(self) -> None:
        """The weights are there: keeps what must not change, and sees to the memory.

        Raises:
            InputError: the memory's folder cannot be used, or crops change from epoch to epoch and none comes again.
        """
        self.start = {name: value.clone() for name, value in self.network.two_stage.state_dict().items()}
        if self.memory is None:
            return
        data = getattr(self.trainer, "datamodule", None)
        if data is not None and (
            data.fresh_patches or data.flips or data.zoom != 1 or data.crop_size != data.patch_size
        ):
            raise InputError(
                f"module.memory={self.memory.folder}",
                "crops change from epoch to epoch, and none would be met again",
                (
                    f"set data.fresh_patches=false data.flips=false data.zoom=1 data.crop_size={data.patch_size}, "
                    "or module.memory=null"
                ),
            )
        self.memory.prepare()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """An average of weights that stand still differs from them by its rounding: they are saved as they are."""
        super().on_save_checkpoint(checkpoint)
        checkpoint["state_dict"] |= {f"network.two_stage.{name}": value for name, value in self.start.items()}

    def training_step(self, batch: Triple, batch_idx: int) -> None:
        """One update of the context."""
        seen = self._seen(batch.ldr)
        ldr, target, seen = self._mirrored(batch.ldr, batch.reference16, seen)
        result = seen * self.network.context(ldr).float()
        with without_autocast(result):
            total, parts = self.loss(result, target)
        self.log_losses("context", total, parts)
        self.take_turn(batch, [(self.player, total)])

    def _seen(self, frames: Tensor) -> Tensor:
        if self.memory is None:
            return self._two_stage_results(frames)
        return self.memory.recall(self.network.two_stage, frames, self._two_stage_results)

    def _two_stage_results(self, frames: Tensor) -> Tensor:
        """By the fast exact way; made at the first frame, when the weights are there and on their device."""
        if self.engine is None:
            self.engine = Engine(network=self.network.two_stage, device=str(self.device))
        pixels = (frames * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
        results = [torch.from_numpy(self.engine.run(frame)).permute(2, 0, 1) for frame in pixels]
        return torch.stack(results).to(frames.device)

    def _mirrored(self, *images: Tensor) -> tuple[Tensor, ...]:
        """The whole batch left-right, top-down, both or not: a function of seed and update alone."""
        turned = np.random.default_rng([self.seed, self.updates]).random(2) < 0.5
        axes = [axis for axis, flip in zip((-1, -2), turned, strict=True) if flip]
        return tuple(torch.flip(image, axes) for image in images)
