"""A short training of the whole-frame branch from its zero start on kept views, and what it reaches."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning as L
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from lightning.pytorch.callbacks import ProgressBar, WeightAveraging
from omegaconf import DictConfig
from torch.optim.swa_utils import get_ema_multi_avg_fn

from experiments.weights.branch_views import KeptViews, Views, ViewsModule, batches_of, joined, on, spread
from experiments.weights.kept_frames import ValidationFrame, scores, validation_frames
from experiments.weights.rounds import SPLITS
from twostage_hdr.cli.hydra_command import config_directory
from twostage_hdr.cli.termination import quiet_lightning
from twostage_hdr.data.scene import Scene
from twostage_hdr.imaging.atomic import atomic_path
from twostage_hdr.inference.weights import load_weights
from twostage_hdr.networks.two_stage_whole_frame import TwoStageWholeFrameNetwork
from twostage_hdr.training.two_stage_whole_frame import TwoStageWholeFrameModule, known_or

PRECISION = "bf16-mixed"
"""Losses stay in float32; as the shipped rounds had it."""
MEASURED = 160
"""Views on which the losses after a run are measured."""
EMA_DECAY, WARMUP = 0.97, 20
"""Of short runs; `experiment=whole_frame` has 0.99 and 100 updates."""

Change = Callable[[TwoStageWholeFrameModule], None]
"""What is changed of a new module, in place."""


def unchanged(module: TwoStageWholeFrameModule) -> None:
    """The recipe itself."""


def recipe(root: Path, *overrides: str) -> DictConfig:
    """`experiment=whole_frame` for short runs, composed."""
    given = ("run_dir=.", "experiment=whole_frame", f"data.root={root}", f"data.split_file={SPLITS}")
    short = f"module.schedule.warmup={WARMUP}"
    with initialize_config_dir(version_base="1.3", config_dir=str(config_directory())):
        return compose("train", overrides=[*given, short, *overrides])


def trained(
    config: DictConfig,
    views: Views,
    start: TwoStageWholeFrameNetwork,
    *,
    updates: int,
    seed: int,
    change: Change,
    device: str = "cpu",
) -> TwoStageWholeFrameModule:
    """The recipe's branch from its zero start, after so many updates; everything else is `start`'s."""
    L.seed_everything(seed, verbose=False)
    module = instantiate(config.module)
    assert isinstance(module, TwoStageWholeFrameModule)
    for part in ("two_stage", "context"):
        getattr(module.network, part).load_state_dict(getattr(start, part).state_dict())
    change(module)
    fit(module, ViewsModule(on(device, views), updates=updates, seed=seed), device, EMA_DECAY)
    return module.eval()


def fit(module: L.LightningModule, data: ViewsModule, device: str, decay: float, *callbacks: L.Callback) -> None:
    """One epoch on a device; the module gets the average of its weights.

    Lightning makes the average before the module is on its device, so it has to know which; and all weights are
    averaged at once, since a GPU waits for the host in a run of so small a network.
    """
    trainer = L.Trainer(
        accelerator="cpu" if device == "cpu" else "gpu",
        devices=1,
        precision=PRECISION,
        max_epochs=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=any(isinstance(callback, ProgressBar) for callback in callbacks),
        enable_model_summary=False,
        limit_val_batches=0,
        callbacks=[WeightAveraging(device=device, multi_avg_fn=get_ema_multi_avg_fn(decay)), *callbacks],
    )
    trainer.fit(module, datamodule=data)


@torch.no_grad()
def losses_on(module: TwoStageWholeFrameModule, views: Views) -> dict[str, float]:
    """The training's losses on views, without dropout: pinball and response in stops, image in tenths of a dB.

    Gamma is declared, other responses are estimated.
    """
    sums: dict[str, list[float]] = {}
    for batch in batches_of(views):
        branch = module.network.branch
        estimated = branch.response(batch.seen)
        names = ["gamma" if camera == "gamma" else "estimated" for camera in batch.cameras]
        curve = known_or(estimated, names)
        known = torch.tensor([float(name == "gamma") for name in names], device=batch.ldr.device)
        unknown = [place for place, name in enumerate(names) if name == "estimated"]
        lights = branch.lights(batch.seen, curve, known)
        parts = module.losses(batch, curve, lights) | module.response_losses(batch, estimated, unknown)
        for name, value in parts.items():
            sums.setdefault(name, []).append(float(value))
    return {name: sum(values) / len(values) for name, values in sums.items()}


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What all runs of a comparison share.

    Attributes:
        config: the recipe.
        views: of the images.
        training: the images that may be learnt from.
        validation: whole frames, see `validation_frames`.
        places: image -> place, of the validation.
        seen_of_validation: views of the validation images.
        start: the shipped set, whose frozen parts and curve all runs have.
        device: that trains; the protocol's scores are computed on the CPU.
    """

    config: DictConfig
    views: KeptViews
    training: Sequence[Scene]
    validation: Mapping[str, Sequence[ValidationFrame]]
    places: Mapping[str, str]
    seen_of_validation: Views
    start: TwoStageWholeFrameNetwork
    device: str = "cpu"

    def run(self, file: Path, images: Sequence[str], *, views: int, updates: int, seed: int, change: Change) -> Any:
        """Trains and scores, once: the file keeps what came out.

        Args:
            file: a .json.
            images: that are learnt from.
            views: of all of them together.
            updates: of the run.
            seed: of dropout, declared responses and order.
            change: see `trained`.
        """
        if file.exists():
            return json.loads(file.read_text(encoding="utf-8"))
        chosen = self.of(images, views)
        module = trained(self.config, chosen, self.start, updates=updates, seed=seed, change=change, device=self.device)
        found = {"images": len(images), "views": len(chosen["cameras"]), **self.measured(module, chosen)}
        torch.save(module.network.branch.state_dict(), file.with_suffix(".pt"))
        with atomic_path(file) as temporary:
            temporary.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        return found

    def measured(self, module: TwoStageWholeFrameModule, views: Views) -> dict[str, Any]:
        """Losses on these views and on those of the validation images; scores of the validation frames.

        The scores are of the branch's lights: unknown responses are undone by the start's curve.
        """
        seen = {"training": views, "validation": self.seen_of_validation}
        module.to(self.device)
        losses = {part: losses_on(module, on(self.device, spread(some, MEASURED))) for part, some in seen.items()}
        network = module.cpu().network
        network.branch.curve.load_state_dict(self.start.branch.curve.state_dict())
        of_frames = {
            camera: {str(frame.triple.scene): scores(network, frame) for frame in frames}
            for camera, frames in self.validation.items()
        }
        return {"losses": losses, "scores": of_frames}

    def of_start(self, views: int) -> dict[str, Any]:
        """What the shipped branch reaches, with views of all training images."""
        module = instantiate(self.config.module).eval()
        module.network.load_state_dict(self.start.state_dict())
        return self.measured(module, self.of([scene.id for scene in self.training], views))

    def of(self, images: Sequence[str], views: int) -> Views:
        """So many views, as even as can be over the images."""
        known = {scene.id: scene for scene in self.training}
        counts = [views // len(images) + (place < views % len(images)) for place in range(len(images))]
        return joined([self.views.of(known[image]) for image in images], counts)


def bench(
    root: Path,
    out: Path,
    *,
    kept: int,
    kept_of_validation: int,
    weights: str = "two_stage_any",
    device: str = "cpu",
    processes: int = 1,
) -> Bench:
    """Everything that runs share, made where it is missing: views by so many processes."""
    torch.set_num_threads(1)
    quiet_lightning()
    config, start = recipe(root), load_weights(weights)
    assert isinstance(start, TwoStageWholeFrameNetwork)
    data = instantiate(config.data)
    views, held = (KeptViews(out / "views", data.source, count) for count in (kept, kept_of_validation))
    views.keep(data.part("train"), processes)
    held.keep(data.part("val"), processes)
    seen = [held.of(scene) for scene in data.part("val")]
    return Bench(
        config=config,
        views=views,
        training=data.part("train"),
        validation=validation_frames(root, out / "validation", start),
        places={scene.id: scene.group for scene in data.part("val")},
        seen_of_validation=joined(seen, [kept_of_validation] * len(seen)),
        start=start,
        device=device,
    )
