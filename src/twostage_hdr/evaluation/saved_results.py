"""Every method's linear results as OpenEXR files, for programs and pictures that come after the evaluation."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from twostage_hdr.data.triple import Triple
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.exr import write_exr
from twostage_hdr.imaging.hdr import read_hdr
from twostage_hdr.radiometry.gamma import decode_gamma, encode_gamma
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB

REFERENCE = "reference"
"""The folder of the references; no method may have this name."""

LDR = "ldr"
"""The folder of the frames, made linear: the row that does nothing."""


def file_name(scene: str) -> str:
    """A scene's id as a file name, without its ending."""
    return re.sub(r"[^\w.-]+", "_", Path(scene).with_suffix("").as_posix())


@dataclass
class SavedResults:
    """`<directory>/<method>/<scene>.exr`, relative linear RGB as the method gave it, 1.0 = the frame's white.

    `reference` and `ldr` are folders like those of the methods. 16-bit floats: about three digits, at most 65504.

    Args:
        directory: created when something is saved.
    """

    directory: Path
    _scenes: dict[str, str] = field(default_factory=dict)

    def path(self, method: str, scene: str) -> Path:
        """The file of a method's (or "reference"'s) result."""
        return self.directory / method / f"{file_name(scene)}.exr"

    def save(self, triple: Triple, method: str, linear: LinearRGB) -> None:
        """Writes a result, and with the frame the reference; fits `evaluate`'s `visit`.

        Raises:
            InputError: a method called "reference", or two scenes whose ids give one file name.
        """
        scene = str(triple.scene)
        if method == REFERENCE:
            raise InputError("methods", f"a result named {method!r} would replace the references", "give another name")
        first = self._scenes.setdefault(file_name(scene), scene)
        if first != scene:
            raise InputError("save_results", f"scenes {first!r} and {scene!r} would be the same file", "rename one")
        if method == LDR:
            self._write(REFERENCE, scene, decode_gamma(triple.reference16))
        self._write(method, scene, linear)

    def linear(self, method: str, scene: str) -> LinearRGB:
        """A saved result, (3, H, W).

        Raises:
            InputError: it was not saved.
        """
        path = self.path(method, scene)
        if not path.is_file():
            raise InputError(path, "no saved result", "evaluate with save_results=true")
        return torch.from_numpy(np.ascontiguousarray(read_hdr(path).pixels.transpose(2, 0, 1)))

    def frame(self, scene: str) -> EncodedRGB:
        """The 8-bit frame, k/255: the file's 16-bit floats are finer than its steps."""
        return (encode_gamma(self.linear(LDR, scene)) * 255).round().clamp(0, 255) / 255

    def _write(self, method: str, scene: str, linear: LinearRGB) -> None:
        path = self.path(method, scene)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_exr(path, np.ascontiguousarray(linear.float().permute(1, 2, 0).numpy()))
