"""What all sources of photographs with a reference of their own have in common: nothing is simulated."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from twostage_hdr.data.image_cache import ImageCache
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.thumbnails import Thumbnail, thumbnails
from twostage_hdr.data.triple import Triple
from twostage_hdr.data.window import Window, fill
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.ldr import read_ldr
from twostage_hdr.imaging.pixel_arrays import PreviewPixels
from twostage_hdr.radiometry.gamma import decode_gamma, encode_gamma
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB
from twostage_hdr.radiometry.srgb import srgb_decode

SRGB = "srgb"
"""The response of frames that are encoded as sRGB says; other responses are gammas."""


class Pair(NamedTuple):
    """A photograph and its reference."""

    ldr: EncodedRGB
    """The frame, k/255."""
    linear: LinearRGB
    """The reference, uncapped; 1.0 is where the frame clips."""
    scale: float = 1.0
    """What brought the file's values to that scale."""


class PairSource(ABC):
    """Pairs of a frame and a linear reference.

    Args:
        root: folder of the files.
        scenes: in order.
        response: how frames are encoded: `srgb` or a gamma.
        cap: highest encoded reference value.
        cache_mb: memory for decoded pairs in each process, in MiB.

    Raises:
        InputError: no such folder.
    """

    def __init__(self, *, root: str, scenes: Sequence[Scene], response: str | float, cap: float, cache_mb: int) -> None:
        if not Path(root).is_dir():
            raise InputError(f"data.root={root}", "no such folder", "give the folder that holds the data")
        self.root, self.response, self.cap = Path(root), response, cap
        self._scenes, self._scales = scenes, dict[str, float]()
        self._cache = ImageCache(megabytes=cache_mb)

    @abstractmethod
    def files(self, scene: Scene) -> list[Path]:
        """What a scene is read from, the frame first."""

    @abstractmethod
    def pair(self, scene: Scene) -> Pair:
        """Reads a scene; an `InputError` names the file that cannot be used."""

    def scenes(self) -> Sequence[Scene]:
        """Pairs of one place share a group."""
        return self._scenes

    def read(self, scene: Scene) -> LinearRGB:
        """The reference alone, see `Pair.linear`."""
        return self.pair(scene).linear

    def triple(self, scene: Scene, rng: np.random.Generator, window: Window | None) -> Triple:
        """The pair, or a window of it; nothing is drawn. Errors as of `pair`."""
        both = self._cache.get(scene.id, lambda: self._load(scene))
        if window is not None:
            rows, columns = window.region(*both.shape[-2:])
            both = fill(both[:, rows, columns], window.crop)
        ldr, reference16 = both.clone().split(3)
        return Triple(ldr, reference16.clamp(max=1.0), reference16, scene.id, torch.tensor(self._scales[scene.id]))

    def thumbnails(self) -> dict[str, Thumbnail]:
        """Small pictures of the frames, by scene id. Errors as of `read_frame`."""
        frames = {scene.id: self.files(scene)[0] for scene in self._scenes}
        return thumbnails(list(frames), lambda scene_id: read_frame(frames[scene_id]))

    def _load(self, scene: Scene) -> Tensor:
        """The frame and the encoded reference as six channels: one entry of the cache."""
        ldr, linear, self._scales[scene.id] = self.pair(scene)
        return torch.cat((ldr, encode_gamma(linear).clamp(max=self.cap)))


def read_frame(path: Path) -> PreviewPixels:
    """A photograph's pixels, 16 bits rounded to the 8 that networks are given. Errors as of `read_ldr`."""
    pixels = read_ldr(path).pixels
    return pixels if pixels.dtype == np.uint8 else np.rint(pixels / np.float32(257)).astype(np.uint8)


def linearise(ldr: EncodedRGB, response: str | float) -> LinearRGB:
    """A frame's light in [0, 1] by its response."""
    return srgb_decode(ldr) if isinstance(response, str) else decode_gamma(ldr, response)
