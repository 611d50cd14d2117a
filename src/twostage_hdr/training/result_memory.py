"""Results of a frozen network, kept in a folder, so that every frame is computed once and not once an epoch."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from twostage_hdr.imaging.atomic import atomic_path
from twostage_hdr.radiometry.quantities import EncodedRGB


class ResultMemory:
    """A folder of results by the content of weights and frames; runs with the same weights may share it.

    Values are kept as float16, 0.0005 of themselves apart.

    Args:
        folder: made when the first result is kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def recall(self, network: nn.Module, frames: EncodedRGB, compute: Callable[[Tensor], Tensor]) -> EncodedRGB:
        """The network's results for a batch; frames not met before are computed.

        Args:
            network: whose weights the results belong to.
            frames: (B, 3, H, W) in [0, 1].
            compute: frames to results of the same shape, without gradients.
        """
        weights = _fingerprint(*network.state_dict().values())
        files = [self.folder / f"{_fingerprint(frame)}_{weights}.npy" for frame in frames]
        missing = [place for place, file in enumerate(files) if not file.exists()]
        if missing:
            self.folder.mkdir(parents=True, exist_ok=True)
            with torch.no_grad():
                results = compute(frames[missing])
            for place, result in zip(missing, results, strict=True):
                with atomic_path(files[place]) as temporary, temporary.open("wb") as file:
                    np.save(file, result.half().cpu().contiguous().numpy())
        kept = np.stack([np.load(file) for file in files])
        return torch.from_numpy(kept).to(frames.device, torch.float32)


def _fingerprint(*tensors: Tensor) -> str:
    digest = hashlib.blake2b(digest_size=10)
    for tensor in tensors:
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
