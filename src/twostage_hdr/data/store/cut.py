"""Which patches go into the store: where of each scene they are, and which are informative."""

import zlib
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from twostage_hdr.data.scene import Scene
from twostage_hdr.data.store.frames import Frames, PatchMaker
from twostage_hdr.data.store.plan import StoreSettings, grid_places
from twostage_hdr.data.window import Window
from twostage_hdr.radiometry.exposure import CLIPPING_LEVEL

TRIES = 16
"""Places that are tried for an informative patch before the best of them is taken."""

BLACK = 8
"""Brightest channel, of 255, up to which a pixel counts as black: sensor noise and little else."""

ENOUGH = 0.1
"""Share of usable pixels, mean over the exposures, from which on a patch counts as informative."""

_PLACES, _ORDER = 10, 11
"""Independent random streams of one seed, apart from those of the training crops."""


@dataclass(frozen=True, kw_only=True)
class Patch:
    """A patch with where it came from: its corner in px, and the side of its region over its own."""

    frames: Frames
    row: int = 0
    column: int = 0
    zoom: float = 1.0


def cut_patches(maker: PatchMaker, scene: Scene, count: int, settings: StoreSettings) -> list[Patch]:
    """`count` patches of a scene; depends only on the scene's id and the settings."""
    if count == 0:
        return []
    size = maker.size(scene)
    if settings.placement == "grid":
        return _from_grid(maker, scene, count, settings, size)
    return [_at_random(maker, scene, number, settings, size) for number in range(count)]


def usable_share(ldr: UInt8[np.ndarray, "exposures height width 3"]) -> float:
    """Share of the pixels, over all exposures, that are neither black nor clipped."""
    brightest = ldr.max(axis=-1)
    return float(np.mean((brightest > BLACK) & (brightest < CLIPPING_LEVEL)))


def window_at(place: tuple[int, int], *, height: int, width: int, side: int) -> Window:
    """The window that shows exactly the square at a place (row, column)."""
    # The middle of the pixel's share of the range, so that rounding cannot miss it.
    return Window(side, side, patch_at=((place[0] + 0.5) / (height - side + 1), (place[1] + 0.5) / (width - side + 1)))


def _at_random(maker: PatchMaker, scene: Scene, number: int, settings: StoreSettings, size: tuple[int, int]) -> Patch:
    tried: list[tuple[float, Patch]] = []
    while not tried or (settings.informative and tried[-1][0] < ENOUGH and len(tried) < TRIES):
        rng = _stream(settings.seed, _PLACES, scene, number, len(tried))
        side, zoom = settings.patch_size, settings.zoom ** rng.random()
        window = Window(side, side, patch_at=(rng.random(), rng.random()), zoom=zoom)
        patch = _cut(maker, scene, window, rng, size)
        tried.append((usable_share(patch.frames.ldr), patch))
    return max(tried, key=lambda each: each[0])[1]


def _from_grid(
    maker: PatchMaker, scene: Scene, count: int, settings: StoreSettings, size: tuple[int, int]
) -> list[Patch]:
    places = grid_places(*size, settings.patch_size)
    chosen = _stream(settings.seed, _ORDER, scene).permutation(len(places)).tolist()
    patches = {}
    for number in sorted(chosen if settings.informative else chosen[:count]):
        window = window_at(places[number], height=size[0], width=size[1], side=settings.patch_size)
        patches[number] = _cut(maker, scene, window, _stream(settings.seed, _PLACES, scene, number), size)
    if settings.informative:  # a stable sort: random among equals
        chosen = sorted(chosen, key=lambda number: usable_share(patches[number].frames.ldr) < ENOUGH)
    return [patches[number] for number in sorted(chosen[:count])]


def _cut(maker: PatchMaker, scene: Scene, window: Window, rng: np.random.Generator, size: tuple[int, int]) -> Patch:
    frames = maker.patch(scene, window, rng)
    rows, columns = window.region(*size, zoom=maker.resamples)
    zoom = max(rows.stop - rows.start, columns.stop - columns.start) / window.crop if maker.resamples else 1.0
    return Patch(frames=frames, row=rows.start, column=columns.start, zoom=zoom)


def _stream(seed: int, stream: int, scene: Scene, *numbers: int) -> np.random.Generator:
    return np.random.default_rng([seed, stream, zlib.crc32(scene.id.encode()), *numbers])
