"""Stops a run whose losses or gradients are not finite, and keeps the batch that caused it."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from twostage_hdr.data.triple import Triple
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import atomic_path

FILE = "non_finite_batch.safetensors"
"""In the run's directory: `ldr`, `reference8`, `reference16`, `scale`; the header has scenes, place and values."""


def refuse_non_finite(values: Mapping[str, Tensor], batch: Triple, directory: Path, place: str) -> None:
    """Does nothing if all values are finite; otherwise writes the batch to `FILE` and stops the run.

    All values are compared at once, so that a GPU is waited for once.

    Args:
        values: scalars by name: losses and gradient norms, before any weight has changed.
        batch: what they were computed from.
        directory: where `FILE` is written.
        place: where in the run, for the message.

    Raises:
        InputError: one of the values is not finite.
    """
    if torch.stack([value.detach().float() for value in values.values()]).isfinite().all():
        return
    shown = ", ".join(f"{name} {value.item():g}" for name, value in values.items() if not value.isfinite())
    path = directory / FILE
    scenes = [batch.scene] if isinstance(batch.scene, str) else list(batch.scene)
    directory.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        save_file(_tensors(batch), temporary, metadata={"scenes": "\n".join(scenes), "place": place, "values": shown})
    raise InputError(
        place,
        f"{shown}; no weight was changed, the batch is kept in {path}",
        "look at its images, or lower module.optimizer.lr or set module.clip_norm",
    )


def _tensors(batch: Triple) -> dict[str, Tensor]:
    images = {"ldr": batch.ldr, "reference8": batch.reference8, "reference16": batch.reference16}
    tensors = images | {"scale": torch.as_tensor(batch.scale)}
    return {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
