"""What a store holds of a scene or a patch: integers, and the numbers that give them meaning."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8, UInt16

from twostage_hdr.data.scene import Scene
from twostage_hdr.data.window import Window


@dataclass(frozen=True, kw_only=True)
class Frames:
    """One picture at one or several exposures with its reference.

    Attributes:
        ldr: frames, 0..255.
        reference: encoded reference * alignratio.
        alignratio: see `reference`.
        stops: exposure of each frame above the one whose clipping point is encoded 1.0.
        scale: linear scene units to linear reference, at stops 0.
    """

    ldr: UInt8[np.ndarray, "exposures height width 3"]
    reference: UInt16[np.ndarray, "height width 3"]
    alignratio: float
    stops: tuple[float, ...]
    scale: float


@runtime_checkable
class PatchMaker(Protocol):
    """Cuts frames out of a source's scenes. A pure function of scene, window and random stream."""

    exposures: tuple[str, ...]
    """Names of the frames."""

    resamples: bool
    """Whether a window's zoom is honoured."""

    def size(self, scene: Scene) -> tuple[int, int]:
        """Height and width in px of the scene's usable part."""

    def files(self, scene: Scene) -> dict[str, Path]:
        """The files that the scene is read from, by their name below the source's root."""

    def patch(self, scene: Scene, window: Window, rng: np.random.Generator) -> Frames:
        """The part of the scene that the window shows."""

    def whole(self, scene: Scene, seed: int) -> Frames:
        """The whole scene, photographed as `FrozenDataset` of that seed would."""
