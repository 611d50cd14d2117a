"""A prepared store as a source of triples, and its crops as the integers that are stored."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, UInt8, UInt16

from twostage_hdr.data.scene import Scene
from twostage_hdr.data.store.stored import Stored
from twostage_hdr.data.triple import Triple
from twostage_hdr.data.window import Window, fill_pixels
from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.exposure_stack import stack_exposures
from twostage_hdr.radiometry.gamma import HDM_GAMMA

_PLAIN = "medium"


class Crop(NamedTuple):
    """Views of the store's arrays: nothing is copied yet."""

    ldr: UInt8[np.ndarray, "*frames height width 3"]
    """Frames, 0..255."""
    reference: UInt16[np.ndarray, "height width 3"]
    """The stored reference."""
    unit: float
    """One step of `reference` in encoded values, on the frame's own scale."""
    scale: float
    """See `Triple.scale`."""
    scene: str
    """The scene's id."""
    stops: Float[np.ndarray, " frames"] | None
    """Of several frames, relative to the first; None where there is one."""


def batch_of(crops: Sequence[Crop]) -> Triple:
    """Crops of one size as a batch of float triples, single frames in `torch.channels_last` memory order."""
    ldr = torch.from_numpy(np.stack([crop.ldr for crop in crops])).to(torch.float32).div_(255).movedim(-1, -3)
    if crops[0].stops is not None:
        stops = [crop.stops.tolist() for crop in crops if crop.stops is not None]
        ldr = torch.stack([stack_exposures(list(frames), steps) for frames, steps in zip(ldr, stops, strict=True)])
    units = torch.tensor([crop.unit for crop in crops], dtype=torch.float32)
    stored = torch.from_numpy(np.stack([crop.reference for crop in crops])).to(torch.float32)
    reference16 = stored.mul_(units[:, None, None, None]).permute(0, 3, 1, 2)
    scales = torch.tensor([crop.scale for crop in crops], dtype=torch.float32)
    return Triple(ldr, reference16.clamp(max=1.0), reference16, tuple(crop.scene for crop in crops), scales)


def sample_of(crop: Crop) -> Triple:
    """One crop as float triple."""
    batch = batch_of([crop])
    return Triple(batch.ldr[0], batch.reference8[0], batch.reference16[0], crop.scene, batch.scale[0])


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
        parts = ((part, getattr(self.stored.splits, part)) for part in ("test", "val"))
        self._whole = {scene_id: (part, number) for part, ids in parts for number, scene_id in enumerate(ids)}
        self._patches: dict[str, list[int]] = {}
        for number, scene_id in enumerate(self.stored.scene_of):
            self._patches.setdefault(scene_id, []).append(number)

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
            crop = self.crop("train", numbers[rng.integers(len(numbers))], rng, window)
        elif scene.id in self._whole:
            crop = self.crop(*self._whole[scene.id], rng, window)
        else:
            raise InputError(self.stored.root, f"no whole image of {scene.id!r}, only val and test scenes have one")
        side = 0 if window is None else window.crop
        return sample_of(crop._replace(ldr=fill_pixels(crop.ldr, side), reference=fill_pixels(crop.reference, side)))

    def crop(self, part: str, number: int, rng: np.random.Generator, window: Window | None) -> Crop:
        """A window of a training patch or a whole image; the exposure is drawn from `rng` if it is random."""
        array, names = self.stored.array, self.stored.exposures
        ldr, reference = self.stored.patch(number) if part == "train" else self.stored.frozen(part, number)
        chosen = _PLAIN if self.exposure == "all" else self.exposure
        frame = int(rng.integers(len(names))) if chosen == "random" else names.index(chosen)
        rows, columns = (slice(None), slice(None)) if window is None else window.region(*reference.shape[:2])
        steps = np.asarray(array(f"{part}/stops")[number])
        stops = float(steps[frame]) if self.align == "frame" else 0.0
        # Encoded values are the stored ones over alignratio; a change of exposure is a factor there too.
        unit = 2.0 ** (stops / HDM_GAMMA) / float(array(f"{part}/alignratio")[number])
        scale = float(array(f"{part}/scale")[number]) * 2.0**stops
        scene = self.stored.scene_of[number] if part == "train" else getattr(self.stored.splits, part)[number]
        if self.exposure != "all":
            return Crop(ldr[frame, rows, columns], reference[rows, columns], unit, scale, scene, None)
        order = [frame, *(place for place in range(len(names)) if place != frame)]
        relative = steps.astype(np.float32)[order] - np.float32(steps[frame])
        return Crop(ldr[order, rows, columns], reference[rows, columns], unit, scale, scene, relative)
