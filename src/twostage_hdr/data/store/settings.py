"""Settings of a store, what cuts its patches out of scenes, and the grid of places."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8, UInt16

from twostage_hdr.data.scene import Scene
from twostage_hdr.data.window import Window
from twostage_hdr.errors import InputError

PLACEMENTS = ("random", "grid")


@dataclass(frozen=True, kw_only=True)
class StoreSettings:
    """Choices that make one store differ from another made of the same scenes and sets.

    Attributes:
        patches: exact number of training patches; None, with `placement=grid`, takes the whole grid.
        patch_size: side of a patch in px.
        placement: `random` places, as the paper says, or the non-overlapping `grid` of the published code.
        informative: prefer patches that are neither black nor clipped nearly everywhere.
        zoom: largest side of the image region behind a random patch, as a multiple of `patch_size` (log-uniform from
            1); only sources of linear images resample.
        seed: of places, cameras and frozen cameras.

    Raises:
        InputError: an unknown placement, or numbers that cannot work.
    """

    patches: int | None = 7551
    patch_size: int = 256
    placement: str = "random"
    informative: bool = False
    zoom: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.placement not in PLACEMENTS:
            raise InputError(f"placement={self.placement}", f"choose one of {', '.join(PLACEMENTS)}")
        if self.patches is None and self.placement == "random":
            raise InputError("patches=null", "only placement=grid has a number of its own", "give patches=N")
        if self.patches is not None and self.patches < 1:
            raise InputError(f"patches={self.patches}", "must be at least 1", "raise it")
        if self.patch_size < 1 or self.zoom < 1:
            raise InputError(f"patch_size={self.patch_size}, zoom={self.zoom}", "both must be at least 1")


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
        """The whole scene, photographed as `FixedCameraImages` of that seed would."""


def grid_places(height: int, width: int, side: int) -> list[tuple[int, int]]:
    """Top left corners (row, column) of all whole squares of `side` px, side by side from the image's corner."""
    return [(row, column) for row in range(0, height - side + 1, side) for column in range(0, width - side + 1, side)]


def window_at(place: tuple[int, int], *, height: int, width: int, side: int) -> Window:
    """The window that shows exactly the square at a place (row, column)."""
    free = (height - side + 1, width - side + 1)
    # The middle of the pixel's share of the range, so that rounding cannot miss it.
    fractions = ((place[0] + 0.5) / free[0], (place[1] + 0.5) / free[1])
    return Window(side, side, patch_at=fractions)
