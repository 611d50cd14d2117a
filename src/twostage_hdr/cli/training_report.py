"""The page at the end of a training: curves, scores of the validation images, and the images themselves."""

from collections.abc import Iterable, Iterator
from itertools import starmap
from pathlib import Path
from typing import TypeVar

import lightning as L
import torch
from torch import nn

import twostage_hdr
from twostage_hdr.boundary.refusal import as_input_error
from twostage_hdr.cli.run_directory import RunDirectory, commit
from twostage_hdr.cli.wandb_run import choices
from twostage_hdr.data.datamodule import TripleDataModule
from twostage_hdr.data.patches import FixedCameraImages
from twostage_hdr.data.triple import Triple
from twostage_hdr.evaluation.method_row import MethodRow, metric_column
from twostage_hdr.evaluation.methods import BracketMethod, NetworkMethod, network_method
from twostage_hdr.evaluation.report.page import write_report
from twostage_hdr.evaluation.report.report_image import REFERENCE, ReportImage
from twostage_hdr.evaluation.summarise import summarise
from twostage_hdr.inference.weights import read_checkpoint
from twostage_hdr.networks.rdab import RDAB
from twostage_hdr.radiometry.exposure_stack import reference_frame
from twostage_hdr.radiometry.gamma import decode_gamma
from twostage_hdr.training.callbacks.run_checkpoints import RunCheckpoints
from twostage_hdr.training.callbacks.validation_scores import ValidationScores
from twostage_hdr.training.callbacks.winograd_rdab import WinogradConvolutions
from twostage_hdr.training.reconstruction_module import ReconstructionModule

Kind = TypeVar("Kind")

RESULT, LDR = "result", "ldr"
"""Names of the run's row and pane, and of its input's."""
PICTURES = 4
"""How many images the page shows."""


def write_training_report(
    run: RunDirectory, network: nn.Module, module: ReconstructionModule, data: TripleDataModule, trainer: L.Trainer
) -> None:
    """Writes `report.html` into the run's folder: the result's scores and pictures beside those of its input.

    Args:
        run: whose curves are drawn.
        network: with the weights that `evaluate` would take: the best, or the last if none was validated.
        module: which scores its validation has, and against what.
        data: whose validation set is shown.
        trainer: of the run.
    """
    title, images, rows = str(choices()["module"] or type(module).__name__), data.frozen("val"), []
    facts = {
        "run": run.path.name,
        "data": type(data.source).__name__ + (f", {data.root}" if data.root else ""),
        "epochs": str(trainer.current_epoch),
        "parameters": f"{count(module.network):,}",
        "version": f"{twostage_hdr.__version__}, commit {commit()}",
    }
    columns = list(starmap(metric_column, module.val_scores.items()))
    if best := [line for scores in callbacks_of(trainer, ValidationScores) for line in scores.best()]:
        facts["best epoch"] = f"{best[0].epoch + 1}, by {callbacks_of(trainer, RunCheckpoints)[0].monitor}"
        ldr = ldr_scores(module, (images[index] for index in range(len(images))))
        rows = [
            MethodRow(name=LDR, title="LDR input", per_image=ldr),
            MethodRow(name=RESULT, title=title, per_image={line.scene: line.scores for line in best}),
        ]
    write_report(
        run.path / "report.html",
        title=f"Two-Stage HDR: training of {title}",
        facts=facts,
        rows=summarise(rows, columns),
        columns=columns if rows else (),
        images=list(_pictures(network_method(network, name=RESULT, title=title), images)),
        curves=run.curves(),
    )


def _pictures(method: NetworkMethod, images: FixedCameraImages) -> Iterator[ReportImage]:
    for index in range(min(PICTURES, len(images))):
        triple = images[index]
        frame, scene = reference_frame(triple.ldr), str(triple.scene)
        result = method.reconstruct(triple.ldr if isinstance(method, BracketMethod) else frame, scene=scene)
        panes = {LDR: decode_gamma(frame), RESULT: result, REFERENCE: decode_gamma(triple.reference16)}
        yield ReportImage(name=scene, panes=panes)


def ldr_scores(module: ReconstructionModule, images: Iterable[Triple]) -> dict[str, dict[str, float]]:
    """The validation's scores of the frames themselves, by scene: what a result has to be better than."""
    scores = {}
    for image in images:
        metrics = module.val_scores.clone().cpu()
        metrics.reset()
        values = metrics(reference_frame(image.ldr)[None], getattr(image, module.target)[None])
        scores[str(image.scene)] = {name.removeprefix("val/"): float(value) for name, value in values.items()}
    return scores


def plan(module: ReconstructionModule, data: TripleDataModule, trainer: L.Trainer) -> list[str]:
    """What the run is about to do, in a few lines."""
    splits, device = data.splits, trainer.strategy.root_device
    parts = ", ".join(f"{part.name} {count(part.network):,}" for part in module.optimized_parts())
    where = str(device) if trainer.world_size == 1 else f"{trainer.world_size} processes, the first on {device}"
    lines = [
        f"{type(module).__name__}: trainable parameters: {parts}",
        f"{type(data.source).__name__}: {len(splits.train)} training, {len(splits.val)} validation, "
        f"{len(splits.test)} test scenes; {data.patches_per_epoch} patches of {data.patch_size} px per epoch, "
        f"crops of {data.crop_size} px, batches of {data.batch_size}",
        f"{_epochs(trainer.max_epochs)} on {where}, precision {trainer.precision}, "
        f"{data.patches_per_epoch // (data.batch_size * trainer.world_size):,} batches an epoch",
    ]
    has_blocks = any(isinstance(part, RDAB) for part in module.modules())
    if device.type == "cpu" and has_blocks and not callbacks_of(trainer, WinogradConvolutions):
        lines.append("On a CPU this network learns more than twice as fast with trainer=cpu.")
    if splits.shared:
        lines.append("Too few places or sequences for three sets: validating and testing on what is trained on.")
    skipped = len(getattr(data.source, "unreferenced", ()))
    if skipped:
        lines.append(f"{skipped} frames without a reference were skipped.")
    return lines


def resumption(checkpoint: Path, epochs: int | None) -> str:
    """Where a run is resumed, counted from 1: "Resuming at epoch 2 of 25, batch 401, from DIR/checkpoints/last.ckpt".

    Raises:
        InputError: a checkpoint that cannot be read, or is not of a run.
    """
    content = read_checkpoint(checkpoint)
    of = f" of {epochs}" if epochs is not None and epochs > 0 else ""
    with as_input_error(checkpoint, f"weights={checkpoint} takes its weights alone", "not the checkpoint of a run"):
        loops = content.get("loops", {}).get("fit_loop", {})
        of_run = loops.get("epoch_progress", {}).get("current", {})
        batches = loops.get("epoch_loop.batch_progress", {})
        begun = of_run.get("ready", 0) > of_run.get("processed", 0)  # an epoch that is not at its end
        batch = batches.get("current", {}).get("processed", 0) if begun else 0
        next_step = "its validation" if begun and batches.get("is_last_batch") else f"batch {batch + 1:,}"
        return f"Resuming at epoch {of_run.get('processed', 0) + 1}{of}, {next_step}, from {checkpoint}"


def _epochs(number: int | None) -> str:
    return "epochs without end" if number is None or number < 0 else f"{number} epoch{'s' * (number != 1)}"


def device_name(device: torch.device) -> str:
    """The card's own name, "NVIDIA H100 80GB HBM3"; of what is no CUDA card its kind, "cpu"."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def callbacks_of(trainer: L.Trainer, kind: type[Kind]) -> list[Kind]:
    """The Trainer's callbacks of a class."""
    return [callback for callback in trainer.callbacks if isinstance(callback, kind)]  # type: ignore[attr-defined]


def count(network: nn.Module) -> int:
    """Trainable parameters."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
