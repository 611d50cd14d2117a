"""Checkpoint files: written atomically, read without executing code; and the random state they hold."""

import io
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO

from twostage_hdr.boundary.torch_file import foreign_part
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import atomic_path
from twostage_hdr.inference.weights import read_checkpoint

LAST, PREVIOUS, BEST = "last.ckpt", "previous.ckpt", "best.ckpt"
"""A run's checkpoints."""


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes to a temporary file, flushes it to disk and renames it: a run killed at any moment has a valid checkpoint.

    Lightning's own writer goes through the system's folder for temporary files, so that its last step may be a copy.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Replaces `path` by the new checkpoint.

        Raises:
            InputError: the file cannot be written (a full disk), or its content could not be read back; the previous
                checkpoint remains.
        """
        check_readable(checkpoint)
        buffer = io.BytesIO()  # a file handed to torch.save would hide the reason of a failure
        torch.save(checkpoint, buffer)
        path = Path(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_path(path) as temporary:
                temporary.write_bytes(buffer.getbuffer())
        except OSError as error:
            size = len(buffer.getbuffer()) / 2**20
            raise InputError(
                path,
                f"cannot be written ({error.strerror or error})",
                f"make room for {size:.0f} MiB, then the same command resumes from the previous checkpoint",
            ) from error

    def load_checkpoint(
        self, path: str | Path, map_location: Any = None, weights_only: bool | None = True
    ) -> dict[str, Any]:
        """A checkpoint of tensors and plain containers; other objects are refused whatever `weights_only` says.

        Raises:
            InputError: no such file, unreadable, cut short, or holding other objects.
        """
        if not Path(path).is_file():
            raise InputError(path, "no such checkpoint", "give a .ckpt file of a run")
        return read_checkpoint(Path(path))


def resume_points(folder: Path) -> list[Path]:
    """Names of a run's checkpoints, the one to resume from first."""
    return [folder / name for name in (LAST, PREVIOUS, BEST)]


def newest_whole(folder: Path) -> tuple[Path | None, str]:
    """The checkpoint that a run resumes from, None at its beginning, and a word on what was damaged.

    A damaged `last.ckpt` is put aside, so that it does not become the `previous.ckpt` of the next one.

    Raises:
        InputError: there are checkpoints, and all of them are damaged.
    """
    damaged: list[InputError] = []
    for path in (path for path in resume_points(folder) if path.exists()):
        try:
            read_checkpoint(path)
        except InputError as error:
            damaged.append(error)
            continue
        if damaged and (folder / LAST).exists():
            (folder / LAST).replace(folder / "damaged.ckpt")
        return path, f"{damaged[0].subject}: {damaged[0].seen}; resuming from {path.name}." if damaged else ""
    if damaged:
        cure = "start anew in another hydra.run.dir"
        raise InputError(damaged[0].subject, f"{damaged[0].seen}, and no other is whole", cure)
    return None, ""


def check_readable(checkpoint: dict[str, Any]) -> None:
    """Refuses a state that could be saved but not be read again: that is worth knowing before hours of training.

    Raises:
        InputError: names the part and its class.
    """
    foreign = foreign_part(checkpoint)
    if foreign is not None:
        raise InputError(
            f"checkpoint: {foreign}",
            "is neither a tensor nor plain data, and would not be read back",
            "let its state_dict() return tensors, numbers, texts, lists and dictionaries",
        )


def random_state() -> dict[str, Any]:
    """State of Python's, NumPy's and PyTorch's global generators, on every device of this process."""
    name, keys, position, has_gauss, gauss = np.random.get_state(legacy=True)
    seeds = torch.from_numpy(np.asarray(keys).astype(np.int64))
    return {
        "python": list(random.getstate()[1]),
        "numpy": [str(name), seeds, int(position), int(has_gauss), float(gauss)],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore_random_state(state: dict[str, Any]) -> None:
    """Puts every generator back; those of GPUs only if there are as many as before."""
    random.setstate((random.getstate()[0], tuple(state["python"]), None))
    name, keys, *rest = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))
    torch.set_rng_state(state["torch"].cpu())
    if torch.cuda.is_available() and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([one.cpu() for one in state["cuda"]])
