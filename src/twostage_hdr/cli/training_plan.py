"""What a run is about to do, told before it starts."""

from typing import Any

import lightning as L
from torch import nn

from twostage_hdr.data.datamodule import TripleDataModule
from twostage_hdr.training.reconstruction_module import ReconstructionModule


def plan(module: ReconstructionModule, data: TripleDataModule, trainer: L.Trainer) -> list[str]:
    """What the run is about to do, in a few lines."""
    splits = data.splits
    players = ", ".join(f"{player.name} {count(player.network):,}" for player in module.players())
    lines = [
        f"{type(module).__name__}: trainable parameters: {players}",
        f"{type(data.source).__name__}: {len(splits.train)} training, {len(splits.val)} validation, "
        f"{len(splits.test)} test scenes; {data.patches_per_epoch} patches of {data.patch_size} px per epoch, "
        f"crops of {data.crop_size} px, batches of {data.batch_size}",
        f"{_epochs(trainer.max_epochs)} on {_devices(trainer)}, precision {trainer.precision}, "
        f"{data.patches_per_epoch // (data.batch_size * trainer.world_size):,} batches an epoch",
    ]
    if splits.shared:
        lines.append("Too few places or sequences for three sets: validating and testing on what is trained on.")
    skipped: Any = getattr(data.source, "without_reference", 0)
    if skipped:
        lines.append(f"{skipped} frames without a reference were skipped.")
    return lines


def _epochs(number: int | None) -> str:
    if number is None or number < 0:
        return "epochs without end"
    return f"{number} epoch" if number == 1 else f"{number} epochs"


def _devices(trainer: L.Trainer) -> str:
    device = str(trainer.strategy.root_device)
    return device if trainer.world_size == 1 else f"{trainer.world_size} processes, the first on {device}"


def count(network: nn.Module) -> int:
    """Trainable parameters."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
