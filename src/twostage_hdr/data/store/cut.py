"""Which patches go into the store: how many of each scene, from where, and which are informative."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from twostage_hdr.data.scene import Scene
from twostage_hdr.data.store.settings import Frames, PatchMaker, StoreSettings, grid_places, window_at
from twostage_hdr.data.window import Window
from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.exposure import CLIPPING_LEVEL


def even_quota(total: int, capacities: Sequence[int | None], *, seed: int) -> list[int]:
    """Deals `total` among the scenes as evenly as their capacities allow; the odd ones go to random scenes.

    Args:
        total: the sum of the result.
        capacities: the most each scene can give; None means any number.
        seed: chooses who gets the odd ones.

    Raises:
        InputError: all scenes together cannot give `total`.
    """
    most = np.array([total if capacity is None else capacity for capacity in capacities], dtype=np.int64)
    if most.sum() < total:
        raise InputError(
            f"patches={total}",
            f"a grid over the {len(most)} training scenes has only {most.sum()} patches",
            "give patches=null for all of them, a smaller patch_size or placement=random",
        )
    quota = np.zeros(len(most), dtype=np.int64)
    order = np.random.default_rng(seed).permutation(len(most))
    while (left := total - int(quota.sum())) > 0:
        room = order[quota[order] < most[order]]
        share = left // len(room)
        chosen = room if share else room[:left]
        quota[chosen] = np.minimum(quota[chosen] + max(share, 1), most[chosen])
    return quota.tolist()


TRIES = 16
"""Places that are tried for an informative patch before the best of them is taken."""

_PLACES = 10

_ORDER = 11
"""Independent random streams of one seed, apart from those of the training crops."""


@dataclass(frozen=True, kw_only=True)
class Patch:
    """A patch with where it came from: its corner in px, and the side of its region over its own."""

    frames: Frames
    row: int
    column: int
    zoom: float


def cut_patches(maker: PatchMaker, scene: Scene, count: int, settings: StoreSettings) -> list[Patch]:
    """`count` patches of a scene; depends only on the scene's id and the settings."""
    if count == 0:
        return []
    size = maker.size(scene)
    if settings.placement == "grid":
        return _from_grid(maker, scene, count, settings, size)
    return [_at_random(maker, scene, number, settings, size) for number in range(count)]


def _at_random(maker: PatchMaker, scene: Scene, number: int, settings: StoreSettings, size: tuple[int, int]) -> Patch:
    best: tuple[float, Patch] | None = None
    for attempt in range(TRIES if settings.informative else 1):
        rng = _stream(settings.seed, _PLACES, scene, number, attempt)
        side, zoom = settings.patch_size, settings.zoom ** rng.random()
        window = Window(side, side, patch_at=(rng.random(), rng.random()), zoom=zoom)
        patch = _cut(maker, scene, window, rng, size)
        share = usable_share(patch.frames.ldr) if settings.informative else ENOUGH
        if best is None or share > best[0]:
            best = (share, patch)
        if share >= ENOUGH:
            break
    assert best is not None
    return best[1]


def _from_grid(
    maker: PatchMaker, scene: Scene, count: int, settings: StoreSettings, size: tuple[int, int]
) -> list[Patch]:
    places = grid_places(*size, settings.patch_size)
    shuffled = _stream(settings.seed, _ORDER, scene).permutation(len(places))
    patches = {}
    for number in sorted(shuffled) if settings.informative else sorted(shuffled[:count]):
        window = window_at(places[number], height=size[0], width=size[1], side=settings.patch_size)
        patches[number] = _cut(maker, scene, window, _stream(settings.seed, _PLACES, scene, int(number)), size)
    if settings.informative:
        poor = {number: usable_share(patch.frames.ldr) < ENOUGH for number, patch in patches.items()}
        shuffled = np.array(sorted(shuffled, key=poor.__getitem__))  # stable: random among equals
    return [patches[number] for number in sorted(shuffled[:count])]


def _cut(maker: PatchMaker, scene: Scene, window: Window, rng: np.random.Generator, size: tuple[int, int]) -> Patch:
    frames = maker.patch(scene, window, rng)
    rows, columns = window.region(*size, zoom=maker.resamples)
    return Patch(
        frames=frames,
        row=rows.start,
        column=columns.start,
        zoom=max(rows.stop - rows.start, columns.stop - columns.start) / window.crop if maker.resamples else 1.0,
    )


def _stream(seed: int, *names: int | Scene) -> np.random.Generator:
    return np.random.default_rng([seed, *(zlib.crc32(n.id.encode()) if isinstance(n, Scene) else n for n in names)])


BLACK = 8
"""Brightest channel, of 255, up to which a pixel counts as black: sensor noise and little else."""

ENOUGH = 0.1
"""Share of usable pixels, mean over the exposures, from which on a patch counts as informative."""


def usable_share(ldr: UInt8[np.ndarray, "exposures height width 3"]) -> float:
    """Share of the pixels, over all exposures, that are neither black nor clipped."""
    brightest = ldr.max(axis=-1)
    return float(np.mean((brightest > BLACK) & (brightest < CLIPPING_LEVEL)))
