"""Long trainings from the shipped default set: the branch alone, beside the context, and both together.

The shipped branch learnt to be right alone, while the network shows the mean of its light and the context's. Here the
losses may be of the image that the network shows, and the context may learn, too. The two stages and the curve of
`estimated` stay as they are.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import lightning as L
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig
from torch import Tensor, nn

from experiments.weights.branch_runs import fit, recipe
from experiments.weights.branch_views import Views, ViewsModule
from experiments.weights.patch_views import PatchBatch, patches_of
from twostage_hdr.networks.light_map import LOWEST, PEAK, QUANTILES, light_at
from twostage_hdr.networks.two_stage_context import clipping_weight
from twostage_hdr.networks.two_stage_whole_frame import SMALLEST, TwoStageWholeFrameNetwork
from twostage_hdr.radiometry.gamma import HDM_GAMMA, decode_gamma
from twostage_hdr.training.optimisation import OptimizedPart, without_autocast
from twostage_hdr.training.two_stage_whole_frame import TwoStageWholeFrameModule

BATCH = 32
"""Views of an update."""
LEARNING_RATE = 5e-4
EMA_DECAY = 0.99
WARMUP = 100
"""Updates with a rising rate."""
TRIALS = (10, 20, 80)
"""Updates of three trials that tell for how many the time is enough: the first warms up, the others are compared."""
MARGIN = 0.9
"""Of the time: other processes come and go."""

Weights = dict[str, dict[str, Tensor]]
"""Branch and context."""


@dataclass(frozen=True)
class Kind:
    """What learns, and from what.

    Attributes:
        local: share of the context in the light that the losses see.
        context: whether the context learns.
        zero: whether the branch starts from zero.
    """

    local: float
    context: bool
    zero: bool = False


KINDS = {
    "alone": Kind(0.0, context=False),
    "beside": Kind(0.5, context=False),
    "together": Kind(0.5, context=True),
    "anew": Kind(0.5, context=True, zero=True),
}
"""By name: the branch is right alone, as the shipped one is; beside the frozen context; both learn; both, from zero."""


class PatchesTrainingModule(TwoStageWholeFrameModule):
    """Learns from `PatchBatch`es; `learn` says what."""

    batch_type = PatchBatch
    kind = KINDS["alone"]

    def learn(self, kind: Kind) -> None:
        """Chooses what learns; the curve of `estimated` does not."""
        network, self.kind = self.network, kind
        network.branch.curve.requires_grad_(False)
        network.context.requires_grad_(kind.context)
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
        nearby = self.kind.local * (HDM_GAMMA * hdr.clamp(min=SMALLEST).log() - levels[1])
        shown = [(level + nearby).clamp(max=math.log(PEAK)) for level in levels]
        pinball = [loss(level, target, white) for loss, level in zip(self.quantiles, shown, strict=True)]
        result = hdr * (1 - white) + torch.exp(shown[1] / HDM_GAMMA) * white
        return {
            "pinball": torch.stack(pinball).sum() / math.log(2),
            "image": self.image_loss(result, batch.reference16),
        }


def settings(root: Path) -> DictConfig:
    """The recipe of these runs."""
    target = f"{PatchesTrainingModule.__module__}.{PatchesTrainingModule.__name__}"
    changes = {"_target_": target, "optimizer.lr": LEARNING_RATE, "schedule.warmup": WARMUP}
    return recipe(root, *(f"module.{name}={value}" for name, value in changes.items()))


def new_module(config: DictConfig, start: TwoStageWholeFrameNetwork, kind: Kind) -> PatchesTrainingModule:
    """With the start's weights; see `settings`."""
    module = instantiate(config.module)
    assert isinstance(module, PatchesTrainingModule)
    fresh = module.network.branch.state_dict()
    fresh = {name: value.clone() for name, value in fresh.items()} | _curve_of(start)
    module.network.load_state_dict(start.state_dict())
    if kind.zero:
        module.network.branch.load_state_dict(fresh)
    module.learn(kind)
    return module


def _curve_of(network: TwoStageWholeFrameNetwork) -> dict[str, Tensor]:
    return {name: value for name, value in network.branch.state_dict().items() if name.startswith("curve.")}


def trained(
    make: Callable[[], PatchesTrainingModule],
    start: TwoStageWholeFrameNetwork,
    views: Views,
    *,
    seconds: float,
    seed: int,
    device: str,
    most: int,
    batch_size: int = BATCH,
) -> tuple[Weights, int]:
    """Weights after as many updates as fit into the time, and their number; where other processes slow it down, fewer.

    Args:
        make: the module, new.
        start: whose curve is kept.
        views: on the device.
        seconds: that the run may take.
        seed: of dropout and order.
        device: cpu or cuda.
        most: updates, however much time there is.
        batch_size: views of an update.
    """
    began = time.monotonic()
    each = _seconds_of_an_update(make, views, seed=seed, device=device, batch_size=batch_size)
    left = MARGIN * seconds - (time.monotonic() - began)
    updates = max(min(most, int(left / each)), 1)
    L.seed_everything(seed, verbose=False)
    module = make()
    data = ViewsModule(views, updates=updates, seed=seed, batch_size=batch_size, batch=patches_of)
    fit(module, data, device, EMA_DECAY, began + seconds - time.monotonic())
    branch = {name: value.cpu() for name, value in module.network.branch.state_dict().items()}
    context = {name: value.cpu() for name, value in module.network.context.state_dict().items()}
    return {"branch": branch | _curve_of(start), "context": context}, module.updates


def _seconds_of_an_update(
    make: Callable[[], PatchesTrainingModule], views: Views, *, seed: int, device: str, batch_size: int
) -> float:
    took = []
    for updates in TRIALS:
        data = ViewsModule(views, updates=updates, seed=seed, batch_size=batch_size, batch=patches_of)
        began = time.monotonic()
        fit(make(), data, device, EMA_DECAY)
        took.append(time.monotonic() - began)
    return max(took[2] - took[1], 1e-3) / (TRIALS[2] - TRIALS[1])


def mean_of(weights: Mapping[str, Weights]) -> Weights:
    """The mean of several weights, value by value."""
    some = list(weights.values())
    return {
        part: {name: torch.stack([each[part][name] for each in some]).mean(0) for name in some[0][part]}
        for part in some[0]
    }
