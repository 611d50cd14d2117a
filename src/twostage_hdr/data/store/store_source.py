"""A prepared store as a source of triples, and its crops as the integers that are stored."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, UInt8, UInt16
from torch import Tensor

from twostage_hdr.data.scene import Scene
from twostage_hdr.data.store.stored import Stored
from twostage_hdr.data.triple import Triple
from twostage_hdr.data.window import Window, fill
from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.exposure_stack import stack_exposures
from twostage_hdr.radiometry.gamma import HDM_GAMMA


class PackedTriples(NamedTuple):
    """Crops as they are stored, a quarter of the bytes of the triples that they become."""

    ldr: UInt8[Tensor, "batch *frames height width 3"]
    """Frames, 0..255."""
    reference: UInt16[Tensor, "batch height width 3"]
    """Stored references."""
    unit: Float[Tensor, "batch"]
    """One step of `reference` in encoded values, on the frame's own scale."""
    scene: tuple[str, ...]
    """The scenes' ids."""
    scale: Float[Tensor, "batch"]
    """See `Triple.scale`."""
    stops: Float[Tensor, "batch frames"] | None = None
    """Of several frames, relative to the first; None where there is one."""

    def unpack(self) -> Triple:
        """The float triples, single frames in `torch.channels_last` memory order."""
        ldr = self.ldr.to(torch.float32).div_(255).movedim(-1, -3)
        if self.stops is not None:
            pairs = zip(ldr, self.stops.tolist(), strict=True)
            ldr = torch.stack([stack_exposures(list(frames), stops) for frames, stops in pairs])
        reference16 = self.reference.to(torch.float32).mul_(self.unit[:, None, None, None]).permute(0, 3, 1, 2)
        return Triple(ldr, reference16.clamp(max=1.0), reference16, self.scene, self.scale)


_PLAIN = "medium"


class Crop(NamedTuple):
    """Views of the store's arrays: nothing is copied yet."""

    ldr: UInt8[np.ndarray, "*frames height width 3"]
    reference: UInt16[np.ndarray, "height width 3"]
    unit: float
    """See `PackedTriples.unit`."""
    scale: float
    """See `Triple.scale`."""
    stops: Float[np.ndarray, " frames"] | None
    """See `PackedTriples.stops`."""


class StoreSource:
    """Reads crops out of memory-mapped arrays: nothing is decoded, and only the crop's bytes are touched.

    Args:
        root: the store's folder.
        exposure: which frame is the input; `random` draws one per sample, `all` gives them as an `ExposureStack`,
            the medium one first; None takes the medium one, or the only one.
        align: `frame` puts the references on the chosen frame's own scale, so that 1.0 is where it clips; `medium`
            leaves them on the scale of the frame that they are stored with.

    Raises:
        InputError: no finished store there, or an exposure that it does not hold.
    """

    def __init__(self, *, root: str, exposure: str | None = None, align: str = "frame") -> None:
        self.stored = Stored(Path(root))
        self.cap = self.stored.cap
        names = self.stored.exposures
        chosen = exposure if exposure is not None else (_PLAIN if _PLAIN in names else names[0])
        several = ("all",) if len(names) > 1 and _PLAIN in names else ()
        if chosen not in (*names, "random", *several):
            cure = "choose one, or random" + (", or all" if several else "")
            raise InputError(f"data.source.exposure={exposure}", f"{root} holds {', '.join(names)}", cure)
        if align not in ("frame", "medium"):
            raise InputError(f"data.source.align={align}", "choose one of frame, medium")
        self.exposure, self.align = chosen, align
        self._whole = self.stored.whole_images()
        patches: dict[str, list[int]] = {}
        for number, scene_id in enumerate(self.stored.scene_of):
            patches.setdefault(scene_id, []).append(number)
        self._patches = {scene_id: np.array(numbers) for scene_id, numbers in patches.items()}

    def scenes(self) -> Sequence[Scene]:
        """The scenes that the store was made of."""
        return self.stored.scenes

    def triple(self, scene: Scene, rng: np.random.Generator, window: Window | None) -> Triple:
        """A whole frozen image, or a window of one of the scene's patches (of the whole image if it has none).

        Raises:
            InputError: a scene that the store has only patches of is asked for as a whole.
        """
        if window is not None and scene.id in self._patches:
            numbers = self._patches[scene.id]
            return self.patch(int(numbers[rng.integers(len(numbers))]), rng, window)
        if scene.id not in self._whole:
            raise InputError(self.stored.root, f"no whole image of {scene.id!r}, only val and test scenes have one")
        part, number = self._whole[scene.id]
        return self._triple(self._cut(part, number, rng, window), scene.id, window)

    def patch(self, number: int, rng: np.random.Generator, window: Window | None) -> Triple:
        """A training patch, or a window of it; the exposure is drawn from `rng` if it is random."""
        return self._triple(self._cut("train", number, rng, window), self.stored.scene_of[number], window)

    def crop(self, number: int, rng: np.random.Generator, window: Window) -> Crop:
        """The same as views of the store's own integers."""
        return self._cut("train", number, rng, window)

    def _cut(self, part: str, number: int, rng: np.random.Generator, window: Window | None) -> Crop:
        array, names = self.stored.array, self.stored.exposures
        ldr, reference = self.stored.patch(number) if part == "train" else self.stored.frozen(part, number)
        chosen = _PLAIN if self.exposure == "all" else self.exposure
        frame = int(rng.integers(len(names))) if chosen == "random" else names.index(chosen)
        rows, columns = (slice(None), slice(None)) if window is None else window.region(*reference.shape[:2])
        stops = float(array(f"{part}/stops")[number, frame]) if self.align == "frame" else 0.0
        # Encoded values are the stored ones over alignratio; a change of exposure is a factor there too.
        unit = 2.0 ** (stops / HDM_GAMMA) / float(array(f"{part}/alignratio")[number])
        scale = float(array(f"{part}/scale")[number]) * 2.0**stops
        if self.exposure != "all":
            return Crop(ldr[frame, rows, columns], reference[rows, columns], unit, scale, None)
        order = [frame, *(place for place in range(len(names)) if place != frame)]
        steps = np.asarray(array(f"{part}/stops")[number], np.float32)
        return Crop(ldr[order, rows, columns], reference[rows, columns], unit, scale, steps[order] - steps[frame])

    def _triple(self, crop: Crop, scene_id: str, window: Window | None) -> Triple:
        packed = PackedTriples(
            torch.from_numpy(crop.ldr[None].copy()),
            torch.from_numpy(crop.reference[None].copy()),
            torch.tensor([crop.unit], dtype=torch.float32),
            (scene_id,),
            torch.tensor([crop.scale], dtype=torch.float32),
            None if crop.stops is None else torch.from_numpy(crop.stops[None]),
        )
        ldr, reference8, reference16 = (images[0] for images in packed.unpack()[:3])
        if window is not None and min(ldr.shape[-2:]) < window.crop:
            ldr, reference8, reference16 = (fill(image, window.crop) for image in (ldr, reference8, reference16))
        return Triple(ldr, reference8, reference16, scene_id, packed.scale[0])
