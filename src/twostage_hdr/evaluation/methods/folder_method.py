"""Results that somebody else's program wrote, as a compared method."""

from dataclasses import dataclass
from pathlib import Path

import torch

from twostage_hdr.errors import InputError
from twostage_hdr.evaluation.saved_results import file_name
from twostage_hdr.imaging.hdr import read_hdr
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB

SUFFIXES = (".exr", ".hdr", ".tif", ".tiff", "_hdr.png", "_gt.png")
"""What may follow the scene's id in a file name, in the order in which they are looked for."""


@dataclass(frozen=True, kw_only=True)
class FolderMethod:
    """Looks a result up by the scene's id: `<folder>/<id>.exr`, `.hdr`, `.tif` or `_hdr.png` with its alignratio.

    The files that `save_results=true` leaves are found, too.

    Args:
        folder: where the files lie. A "/" in an id means a folder below it; "_" in its place is found as well.
        name: see `Method`.
        title: see `Method`.
        white: the files' value for the frame's white. The aligned metrics do not depend on it.
    """

    folder: Path
    name: str
    title: str
    white: float = 1.0

    def reconstruct(self, ldr: EncodedRGB, *, scene: str) -> LinearRGB:
        """The file's pixels, linear, divided by white.

        Raises:
            InputError: no file for the scene, a file that cannot be read, or one of another size than the frame.
        """
        path = self._find(scene)
        pixels = torch.from_numpy(read_hdr(path).pixels).permute(2, 0, 1) / self.white
        if pixels.shape != ldr.shape:
            raise InputError(
                f"{path}: {pixels.shape[2]}x{pixels.shape[1]} px, but the frame of scene {scene!r} has "
                f"{ldr.shape[2]}x{ldr.shape[1]}; write results at the frame's size"
            )
        return pixels.contiguous()

    def _find(self, scene: str) -> Path:
        stems = (scene, scene.replace("/", "_"), file_name(scene))
        candidates = [self.folder / f"{stem}{end}" for stem in stems for end in SUFFIXES]
        for path in candidates:
            if path.is_file():
                return path
        raise InputError(
            f"{self.folder}: no result of {self.title!r} for scene {scene!r}; "
            f"expected {scene}.exr, .hdr, .tif or _hdr.png"
        )
