"""Checkpoint files: written atomically, read without executing code; and the random state they hold."""

import io
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import atomic_path
from twostage_hdr.inference.weights import read_checkpoint


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes to a temporary file, flushes it to disk and renames it: a run killed at any moment has a valid checkpoint.

    Lightning's own writer goes through the system's folder for temporary files, so that its last step may be a copy.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Replaces `path` by the new checkpoint.

        Raises:
            InputError: the file cannot be written (a full disk); the previous checkpoint remains.
        """
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
