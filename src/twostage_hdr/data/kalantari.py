"""Brackets in the layout of [kalantari2017]: a folder a scene, three TIFFs, `exposure.txt`, `HDRImg.hdr`."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from twostage_hdr.boundary.refusal import printable
from twostage_hdr.boundary.regular_file import open_regular
from twostage_hdr.data.capture import checked_cap
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.triple import Triple, channels_first
from twostage_hdr.data.window import Window, fill
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.hdr import read_hdr
from twostage_hdr.imaging.ldr import read_ldr
from twostage_hdr.radiometry.exposure_stack import stack_exposures
from twostage_hdr.radiometry.gamma import HDM_GAMMA, encode_gamma
from twostage_hdr.radiometry.photometry import REFERENCE_CAP

GAMMA = 2.2
"""Encoding of the TIFFs [kalantari2017]."""


MOST_STOPS = 30
"""Distance from the reference's exposure that no frame of a bracket has."""


class KalantariSource:
    """Three frames of a scene in motion; the reference is the middle exposure, whose white is 1.0.

    The TIFFs are taken from gamma 2.2 to 2.24; `HDRImg.hdr`, light in units of 2^0 exposure, is multiplied by the
    middle frame's exposure.

    Args:
        root: folder of the scenes' folders.
        cap: highest encoded reference value.

    Raises:
        InputError: no scene in it.
    """

    def __init__(self, *, root: str, cap: float = REFERENCE_CAP) -> None:
        self.root, self.cap = Path(root), checked_cap(cap)
        self._ids = sorted(file.parent.relative_to(self.root).as_posix() for file in self.root.rglob("HDRImg.hdr"))
        if not self._ids:
            raise InputError(
                f"data.root={root}", "no scene (a folder with HDRImg.hdr) in it or below it", "give its folder"
            )

    def scenes(self) -> Sequence[Scene]:
        """Each folder is a place of its own."""
        return [Scene(scene_id, scene_id) for scene_id in self._ids]

    def triple(self, scene: Scene, rng: np.random.Generator, window: Window | None) -> Triple:
        """All frames and the reference, or a window of them.

        Raises:
            InputError: a file is missing, unreadable or of another size.
        """
        folder = self.root / scene.id
        paths = sorted(file for file in folder.iterdir() if file.suffix.lower() in (".tif", ".tiff"))
        stops = _stops(folder / "exposure.txt", len(paths))
        hdr = channels_first(read_hdr(folder / "HDRImg.hdr").pixels)
        frames = [_frame(path, hdr.shape) for path in paths]
        order = np.argsort(stops)
        middle = int(order[len(order) // 2])
        reference = encode_gamma(hdr * 2.0 ** stops[middle]).clamp(max=self.cap)
        if window is not None:
            rows, columns = window.region(*hdr.shape[-2:])
            *frames, reference = (fill(image[:, rows, columns], window.crop) for image in (*frames, reference))
        places = [middle, *(int(place) for place in order if place != middle)]
        ldr = stack_exposures([frames[place] for place in places], [stops[place] - stops[middle] for place in places])
        scale = torch.tensor(2.0 ** stops[middle], dtype=torch.float32)
        return Triple(ldr, reference.clamp(max=1.0), reference, scene.id, scale)


def _stops(path: Path, frames: int) -> list[float]:
    with open_regular(path, at_most=4096) as file:
        words = file.read().decode(errors="replace").split()
    try:
        stops = [float(word) for word in words]
    except ValueError:
        stops = []
    if frames < 2 or len(stops) != frames or not all(abs(value) <= MOST_STOPS for value in stops):
        seen = f"{printable(' '.join(words))!r} for {frames} TIFFs"
        raise InputError(path, seen, f"give two TIFFs or more, and one number of at most {MOST_STOPS} stops for each")
    return stops


def _frame(path: Path, shape: torch.Size) -> Tensor:
    pixels = read_ldr(path).pixels
    frame = channels_first(pixels / np.float32(np.iinfo(pixels.dtype).max)) ** (GAMMA / HDM_GAMMA)
    if frame.shape != shape:
        seen = f"{frame.shape[2]}x{frame.shape[1]} px, its reference is {shape[2]}x{shape[1]}"
        raise InputError(path, seen, "copy the scene again")
    return frame
