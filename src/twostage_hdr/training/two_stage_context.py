"""Trains the context's gains on top of a frozen two-stage network."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from twostage_hdr.data.triple import Triple
from twostage_hdr.errors import InputError
from twostage_hdr.inference.engine import Engine
from twostage_hdr.inference.hardware import without_tf32
from twostage_hdr.losses.weighted import WeightedLoss
from twostage_hdr.networks.two_stage_context import TwoStageContextNetwork
from twostage_hdr.training.frozen_output_cache import FrozenOutputCache
from twostage_hdr.training.one_network import OneNetworkModule
from twostage_hdr.training.optimisation import OptimizerFactory, ScheduleFactory, without_autocast


class TwoStageContextModule(OneNetworkModule):
    """Only the context learns; the outputs of the frozen two stages are cached, which is several times as fast.

    Crops are mirrored at random after the two stages, so that a fixed set of patches (`data.fresh_patches=false`, crops
    as large as patches, no flips and no zoom) goes through them once, in the first epoch. Frames must be of 8 bits.

    Args:
        network: a `TwoStageContextNetwork`; start it from trained weights of the two-stage network (`weights=W`).
        loss: between the result and the encoded 16-bit reference.
        optimizer: of the context.
        cache_dir: folder of the two stages' outputs, see `FrozenOutputCache`; None computes them in every epoch.
        schedule: of its learning rate; None keeps it constant.
        clip_norm: see `ReconstructionModule`.

    Raises:
        InputError: another kind of network.
    """

    network: TwoStageContextNetwork
    frozen_part = "two_stage"

    def __init__(
        self,
        *,
        network: nn.Module,
        loss: WeightedLoss,
        optimizer: OptimizerFactory,
        cache_dir: str | None,
        schedule: ScheduleFactory | None = None,
        clip_norm: float | None = None,
    ) -> None:
        if type(network) is not TwoStageContextNetwork:  # a derived class may compute something else
            raise InputError(f"module.network={type(network).__name__}", "this module trains network=two_stage_context")
        super().__init__(network=network, loss=loss, optimizer=optimizer, schedule=schedule, clip_norm=clip_norm)
        network.two_stage.requires_grad_(False)
        self.cache = None if cache_dir is None else FrozenOutputCache(Path(cache_dir))
        self.engine: Engine | None = None

    def on_fit_start(self) -> None:
        """Keeps the weights that must not change, and prepares the cache.

        Raises:
            InputError: the cache's folder cannot be used, or crops differ from epoch to epoch and would never be found.
        """
        still = self.network.two_stage.state_dict(prefix="network.two_stage.")
        self.kept = {name: value.clone() for name, value in still.items()}
        if self.cache is None:
            return
        data = getattr(self.trainer, "datamodule", None)
        if data and (data.fresh_patches or data.flips or data.zoom != 1 or data.crop_size != data.patch_size):
            same = f"data.fresh_patches=false data.flips=false data.zoom=1 data.crop_size={data.patch_size}"
            raise InputError(
                f"module.cache_dir={self.cache.folder}",
                "crops differ from epoch to epoch, so no output could be used twice",
                f"set {same}, or module.cache_dir=null",
            )
        self.cache.prepare()

    def training_step(self, batch: Triple, batch_idx: int) -> None:
        if self.cache is None:
            two_stage = self._run_two_stage(batch.ldr)
        else:
            two_stage = self.cache.outputs(self.network.two_stage, batch.ldr, self._run_two_stage)
        ldr, target, two_stage = self._mirrored(batch.ldr, batch.reference16, two_stage)
        result = two_stage * self.network.context(ldr).float()
        with without_autocast(result):
            total, terms = self.loss(result, target)
        self.log_losses("context", total, terms)
        self.step_optimizers(batch, [(self.part, total)])

    def _run_two_stage(self, frames: Tensor) -> Tensor:
        if frames.is_cuda:  # where they are: the engine takes the host's pixels
            with torch.no_grad(), without_tf32, without_autocast(frames):
                output: Tensor = self.network.two_stage(frames)
            return output
        if self.engine is None:  # built at the first frame, when the weights are loaded and on their device
            self.engine = Engine(network=self.network.two_stage, device=str(self.device))
        pixels = (frames * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
        results = [torch.from_numpy(self.engine.run(frame)).permute(2, 0, 1) for frame in pixels]
        return torch.stack(results).to(frames.device)

    def _mirrored(self, *images: Tensor) -> tuple[Tensor, ...]:
        """The whole batch left-right, top-down, both or not: a function of seed and update alone."""
        turned = np.random.default_rng([self.seed, self.updates]).random(2) < 0.5
        axes = [axis for axis, flip in zip((-1, -2), turned, strict=True) if flip]
        return tuple(torch.flip(image, axes) for image in images)
