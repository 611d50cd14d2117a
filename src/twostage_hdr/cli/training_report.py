"""The page at the end of a training: curves, scores of the validation images, and the images themselves."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import lightning as L
import torch
from torch import nn

from twostage_hdr.boundary.refusal import as_input_error
from twostage_hdr.cli.run_directory import RunDirectory
from twostage_hdr.data.datamodule import TripleDataModule
from twostage_hdr.data.patches import FixedCameraImages
from twostage_hdr.data.triple import Triple
from twostage_hdr.evaluation.method_row import MethodRow, metric_columns
from twostage_hdr.evaluation.methods import BracketMethod, network_method
from twostage_hdr.evaluation.report.page import write_report
from twostage_hdr.evaluation.report.report_image import REFERENCE, ReportImage
from twostage_hdr.evaluation.summarise import summarise
from twostage_hdr.inference.weights import read_checkpoint
from twostage_hdr.networks.rdab import RDAB
from twostage_hdr.radiometry.exposure_stack import reference_frame
from twostage_hdr.radiometry.gamma import decode_gamma
from twostage_hdr.training.callbacks.validation_scores import ImageScores
from twostage_hdr.training.callbacks.winograd_rdab import WinogradConvolutions
from twostage_hdr.training.reconstruction_module import ReconstructionModule

RESULT, LDR = "result", "ldr"
"""Names of the run's row and pane, and of its input's."""


def write_training_report(
    run: RunDirectory,
    *,
    title: str,
    facts: Mapping[str, str],
    network: nn.Module,
    module: ReconstructionModule,
    images: FixedCameraImages,
    best: list[ImageScores],
    pictures: int = 4,
) -> None:
    """Writes `report.html` into the run's folder: the result's scores and pictures beside those of its input.

    Args:
        run: whose curves are drawn.
        title: of the page and of the result's row.
        facts: what a reader must know of the run.
        network: with the weights that are shown.
        module: which scores its validation has, and against what.
        images: the validation set.
        best: its scores with these weights; may be empty.
        pictures: how many images are shown.
    """
    columns = metric_columns(module.val_scores.items())
    rows = []
    if best:
        ldr = ldr_scores(module, (images[index] for index in range(len(images))))
        rows = [
            MethodRow(name=LDR, title="LDR input", per_image=ldr),
            MethodRow(name=RESULT, title=title, per_image={line.scene: line.scores for line in best}),
        ]
    method = network_method(network, name=RESULT, title=title)
    shown = []
    for index in range(min(pictures, len(images))):
        triple = images[index]
        scene = str(triple.scene)
        seen = triple.ldr if isinstance(method, BracketMethod) else reference_frame(triple.ldr)
        panes = {
            LDR: decode_gamma(reference_frame(triple.ldr)),
            RESULT: method.reconstruct(seen, scene=scene),
            REFERENCE: decode_gamma(triple.reference16),
        }
        shown.append(ReportImage(name=scene, panes=panes))
    write_report(
        run.report,
        title=f"Two-Stage HDR: training of {title}",
        facts=facts,
        rows=summarise(rows, columns),
        columns=columns if rows else (),
        images=shown,
        curves=run.curves(),
    )


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
    splits = data.splits
    parts = ", ".join(f"{part.name} {count(part.network):,}" for part in module.optimized_parts())
    lines = [
        f"{type(module).__name__}: trainable parameters: {parts}",
        f"{type(data.source).__name__}: {len(splits.train)} training, {len(splits.val)} validation, "
        f"{len(splits.test)} test scenes; {data.patches_per_epoch} patches of {data.patch_size} px per epoch, "
        f"crops of {data.crop_size} px, batches of {data.batch_size}",
        f"{_epochs(trainer.max_epochs)} on {_devices(trainer)}, precision {trainer.precision}, "
        f"{data.patches_per_epoch // (data.batch_size * trainer.world_size):,} batches an epoch",
    ]
    if _slower_than_it_could_be(module, trainer):
        lines.append("On a CPU this network learns about twice as fast with trainer=cpu.")
    if splits.shared:
        lines.append("Too few places or sequences for three sets: validating and testing on what is trained on.")
    skipped = len(getattr(data.source, "unreferenced", ()))
    if skipped:
        lines.append(f"{skipped} frames without a reference were skipped.")
    return lines


def _slower_than_it_could_be(module: ReconstructionModule, trainer: L.Trainer) -> bool:
    if trainer.strategy.root_device.type != "cpu" or not any(isinstance(part, RDAB) for part in module.modules()):
        return False
    return not any(isinstance(callback, WinogradConvolutions) for callback in trainer.callbacks)  # type: ignore[attr-defined]


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
    if number is None or number < 0:
        return "epochs without end"
    return f"{number} epoch" if number == 1 else f"{number} epochs"


def device_name(device: torch.device) -> str:
    """The card's own name, "NVIDIA H100 80GB HBM3"; of what is no CUDA card its kind, "cpu"."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _devices(trainer: L.Trainer) -> str:
    device = str(trainer.strategy.root_device)
    return device if trainer.world_size == 1 else f"{trainer.world_size} processes, the first on {device}"


def count(network: nn.Module) -> int:
    """Trainable parameters."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
