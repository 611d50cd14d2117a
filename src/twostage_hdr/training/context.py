"""Trains what the two-stage network cannot see: the context's gains over a frozen two-stage network."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from twostage_hdr.data.triple import Triple
from twostage_hdr.errors import InputError
from twostage_hdr.inference.engine import Engine
from twostage_hdr.losses.weighted import WeightedLoss
from twostage_hdr.networks.two_stage_context import TwoStageContextNetwork
from twostage_hdr.training.optimisation import OptimizerFactory, ScheduleFactory
from twostage_hdr.training.result_memory import ResultMemory
from twostage_hdr.training.supervised import SupervisedModule


class ContextModule(SupervisedModule):
    """The two stages are frozen, and their results remembered; the context alone learns, thirty times as fast.

    Crops are mirrored here, at random, after the two stages have seen them: so a fixed set of patches
    (`data.fresh_patches=false`, crops as large as patches, no flips and no zoom) is computed once, in the first epoch.

    Args:
        network: a `TwoStageContextNetwork`; start it from trained weights of the two-stage network (`init_from`).
        loss: between the result and the encoded 16-bit reference.
        optimizer: of the context.
        memory: folder of the two stages' results, see `ResultMemory`.
        schedule: of its learning rate; None keeps it constant.
        clip_norm: see `ReconstructionModule`.

    Raises:
        InputError: another kind of network.
    """

    network: TwoStageContextNetwork

    def __init__(
        self,
        *,
        network: nn.Module,
        loss: WeightedLoss,
        optimizer: OptimizerFactory,
        memory: str,
        schedule: ScheduleFactory | None = None,
        clip_norm: float | None = None,
    ) -> None:
        if not isinstance(network, TwoStageContextNetwork):
            raise InputError(f"module.network={type(network).__name__}: this module trains network=two_stage_context")
        super().__init__(network=network, loss=loss, optimizer=optimizer, schedule=schedule, clip_norm=clip_norm)
        network.two_stage.requires_grad_(False)
        self.memory = ResultMemory(Path(memory))
        self.engine: Engine | None = None

    def training_step(self, batch: Triple, batch_idx: int) -> None:
        """One update of the context."""
        seen = self.memory.recall(self.network.two_stage, batch.ldr, self._two_stage_results)
        ldr, target, seen = self._mirrored(batch.ldr, batch.reference16, seen)
        total, parts = self.loss(seen * self.network.context(ldr).float(), target)
        self.log_losses("context", total, parts)
        self.take_turn(batch, [(self.player, total)])

    def _two_stage_results(self, frames: Tensor) -> Tensor:
        """By the fast exact way; made at the first frame, when the weights are there and on their device."""
        if self.engine is None:
            self.engine = Engine(network=self.network.two_stage, device=str(self.device))
        pixels = (frames * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
        return torch.stack([torch.from_numpy(self.engine.run(frame)).permute(2, 0, 1) for frame in pixels])

    def _mirrored(self, *images: Tensor) -> tuple[Tensor, ...]:
        """The whole batch left-right, top-down, both or not: a function of seed and update alone."""
        turned = np.random.default_rng([self.seed, self.updates]).random(2) < 0.5
        axes = [axis for axis, flip in zip((-1, -2), turned, strict=True) if flip]
        return tuple(torch.flip(image, axes) for image in images)
