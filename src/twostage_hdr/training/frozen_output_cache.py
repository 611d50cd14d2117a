"""Outputs of a frozen network, cached on disk: each frame is computed once instead of once per epoch."""

import hashlib
import math
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float16
from torch import Tensor, nn

from twostage_hdr.boundary.numpy_file import load_npy
from twostage_hdr.boundary.refusal import as_input_error
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import atomic_path
from twostage_hdr.radiometry.quantities import EncodedRGB


class FrozenOutputCache:
    """A folder of outputs, named by the content of weights and frames; runs with the same weights may share it.

    Values are stored as float16 (relative steps of 0.0005). A damaged file is computed again.

    Args:
        folder: created by `prepare`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self) -> None:
        """Creates the folder.

        Raises:
            InputError: it cannot be created, or not be written to.
        """
        with self._writing():
            self.folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self.folder).close()

    def outputs(self, network: nn.Module, frames: EncodedRGB, compute: Callable[[Tensor], Tensor]) -> EncodedRGB:
        """The network's outputs for a batch; frames that are not in the cache are computed and added.

        Args:
            network: whose weights the outputs belong to.
            frames: (B, 3, H, W) in [0, 1].
            compute: frames to outputs of the same shape, without gradients.

        Raises:
            InputError: an output cannot be stored.
        """
        weights = _fingerprint(*network.state_dict().values())
        files = [self.folder / f"{_fingerprint(frame)}_{weights}.npy" for frame in frames]
        kept = [read_output(file, tuple(frame.shape)) for file, frame in zip(files, frames, strict=True)]
        missing = [place for place, result in enumerate(kept) if result is None]
        if missing:
            with torch.no_grad():
                computed = compute(frames[missing]).half().cpu().numpy()
            for place, result in zip(missing, computed, strict=True):
                kept[place] = result
                with self._writing(), atomic_path(files[place]) as temporary, temporary.open("wb") as stream:
                    np.save(stream, result)
        return (
            torch.from_numpy(np.stack([result for result in kept if result is not None]))
            .to(frames.device, non_blocking=True)
            .float()
        )

    def _writing(self) -> AbstractContextManager[None]:
        return as_input_error(f"module.cache_dir={self.folder}", "choose a folder that can be written, or null")


def read_output(file: Path, shape: tuple[int, ...]) -> Float16[np.ndarray, "3 height width"] | None:
    """The output of that shape in a file, or None where there is none or a damaged one."""
    try:
        result = load_npy(file, kinds="f", at_most=math.prod(shape))
    except InputError:
        return None
    return result if result.shape == shape and result.dtype == np.float16 else None


def _fingerprint(*tensors: Tensor) -> str:
    digest = hashlib.blake2b(digest_size=10)
    for tensor in tensors:
        digest.update(str(tuple(tensor.shape)).encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
