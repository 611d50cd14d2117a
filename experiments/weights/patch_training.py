"""The long training of branch and context together, which ends the default set's.

The branch learnt to be right alone, and the context beside other stages, while the network shows the mean of their
light. Here the losses are of the image that the network shows, and both learn. The two stages and the curve of
`estimated` stay as they are.
"""

import math
from collections.abc import Mapping
from pathlib import Path

import lightning as L
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig
from torch import Tensor, nn

from experiments.weights.branch_runs import fit, recipe
from experiments.weights.branch_views import Views, ViewsModule
from experiments.weights.patch_views import PatchBatch, patches_of
from experiments.weights.rounds import SPLITS
from twostage_hdr.networks.light_map import LOWEST, PEAK, QUANTILES, light_at
from twostage_hdr.networks.two_stage_context import clipping_weight
from twostage_hdr.networks.two_stage_whole_frame import SMALLEST, TwoStageWholeFrameNetwork
from twostage_hdr.radiometry.gamma import HDM_GAMMA, decode_gamma
from twostage_hdr.training.optimisation import OptimizedPart, without_autocast
from twostage_hdr.training.two_stage_whole_frame import TwoStageWholeFrameModule

BATCH = 16
"""Views of an update."""
LEARNING_RATE = 5e-4
EMA_DECAY = 0.99
WARMUP = 100
"""Updates with a rising rate."""

Weights = dict[str, dict[str, Tensor]]
"""Branch and context."""


class PatchesTrainingModule(TwoStageWholeFrameModule):
    """Learns from `PatchBatch`es: branch and context, but for the curve of `estimated`."""

    batch_type = PatchBatch

    def start_from(self, start: TwoStageWholeFrameNetwork) -> None:
        """Takes a network's weights, and chooses what learns."""
        network = self.network
        network.load_state_dict(start.state_dict())
        network.branch.curve.requires_grad_(False)
        network.context.requires_grad_(True)
        parts = nn.ModuleList([network.branch, network.context])
        self.part = OptimizedPart("lights", parts, self.part.optimizer, self.part.schedule)

    def training_step(self, batch: PatchBatch, batch_idx: int) -> None:  # type: ignore[override]
        """One update."""
        with without_autocast(batch.ldr):
            encoded = batch.curve.encoded(batch.ldr)
        lights = self.network.branch.lights(batch.seen, batch.curve, batch.known)
        gain = self.network.context(encoded).float()
        with without_autocast(batch.ldr):
            levels = light_at(lights, batch.ldr, batch.place, QUANTILES)
            parts = self.shown_losses(batch, batch.two_stage * gain, levels)
            total = torch.stack([self.weights[name] * value for name, value in parts.items()]).sum()
        self.log_losses("lights", total, parts)
        self.step_optimizers(batch.triple, [(self.part, total)])

    def shown_losses(self, batch: PatchBatch, hdr: Tensor, levels: list[Tensor]) -> dict[str, Tensor]:
        """Of the light that is shown: the pinball losses of its quantiles, and the image's.

        Args:
            batch: the views.
            hdr: of the two stages and the context.
            levels: ln light at the quantiles.
        """
        white, target = clipping_weight(batch.ldr), decode_gamma(batch.reference16).clamp(min=LOWEST).log()
        nearby = self.network.local * (HDM_GAMMA * hdr.clamp(min=SMALLEST).log() - levels[1])
        shown = [(level + nearby).clamp(max=math.log(PEAK)) for level in levels]
        pinball = [loss(level, target, white) for loss, level in zip(self.quantiles, shown, strict=True)]
        result = hdr * (1 - white) + torch.exp(shown[1] / HDM_GAMMA) * white
        return {
            "pinball": torch.stack(pinball).sum() / math.log(2),
            "image": self.image_loss(result, batch.reference16),
        }


def settings(root: Path, splits: Path = SPLITS) -> DictConfig:
    """The recipe of these runs."""
    target = f"{PatchesTrainingModule.__module__}.{PatchesTrainingModule.__name__}"
    changes = {"_target_": target, "optimizer.lr": LEARNING_RATE, "schedule.warmup": WARMUP}
    return recipe(root, f"data.split_file={splits}", *(f"module.{name}={value}" for name, value in changes.items()))


def trained(
    config: DictConfig,
    views: Views,
    start: TwoStageWholeFrameNetwork,
    *,
    updates: int,
    seed: int,
    device: str = "cpu",
    batch_size: int = BATCH,
    callbacks: tuple[L.Callback, ...] = (),
) -> Weights:
    """Branch and context after so many updates, averaged.

    Args:
        config: see `settings`.
        views: of `KeptPatches`, on the device.
        start: whose weights the run starts from.
        updates: of the run.
        seed: of dropout and order.
        device: cpu or cuda.
        batch_size: views of an update.
        callbacks: of the trainer.
    """
    L.seed_everything(seed, verbose=False)
    module = instantiate(config.module)
    assert isinstance(module, PatchesTrainingModule)
    module.start_from(start)
    data = ViewsModule(views, updates=updates, seed=seed, batch_size=batch_size, batch=patches_of)
    fit(module, data, device, EMA_DECAY, *callbacks)
    module.network.branch.curve.load_state_dict(start.branch.curve.state_dict())  # averaging has rounded it
    return learnt(module.network.cpu())


def learnt(network: TwoStageWholeFrameNetwork) -> Weights:
    """What these runs learn of a network."""
    return {"branch": network.branch.state_dict(), "context": network.context.state_dict()}


def mean_of(weights: Mapping[str, Weights]) -> Weights:
    """The mean of several weights, value by value."""
    some = list(weights.values())
    return {
        part: {name: torch.stack([each[part][name] for each in some]).mean(0) for name in some[0][part]}
        for part in some[0]
    }
