"""Frames for a store: the integers of HdM's files unchanged, photographs of a virtual camera, or pairs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8, UInt16

from twostage_hdr.data.hdm import EXPOSURES, HdmSource
from twostage_hdr.data.hdr_folder import HdrFolderSource
from twostage_hdr.data.pair_source import PairSource
from twostage_hdr.data.patches import FixedCameraImages
from twostage_hdr.data.procedural_source import ProceduralSource
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.triple import Triple
from twostage_hdr.data.window import Window, fill_pixels
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.challenge_png import alignratio_of, alignratio_path_for, quantise
from twostage_hdr.imaging.ldr import photograph_size


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


class HdmFrames:
    """Frames with the scene's reference; the scene at hand stays decoded.

    Args:
        source: the tree; its own choice of exposure and alignment does not matter here, a store serves them all.
        exposures: which frames, of short, medium, long.

    Raises:
        InputError: an exposure that HdM does not have.
    """

    resamples = False

    def __init__(self, source: HdmSource, exposures: Sequence[str] = EXPOSURES) -> None:
        unknown = [name for name in exposures if name not in EXPOSURES]
        if unknown or not exposures:
            raise InputError(f"exposures={list(exposures)}", f"choose some of {', '.join(EXPOSURES)}")
        self.source = source
        self.exposures: tuple[str, ...] = tuple(name for name in EXPOSURES if name in exposures)
        self._at_hand: tuple[str, Frames] | None = None

    def size(self, scene: Scene) -> tuple[int, int]:
        """From the medium frame's header."""
        width, height = photograph_size(self.source.file(scene.id, "medium.png"))
        return height, width

    def files(self, scene: Scene) -> dict[str, Path]:
        """Frames, reference, scale and, where they matter, exposures."""
        endings = [*(f"{name}.png" for name in self.exposures), "gt.png", "alignratio.npy"]
        endings += ["exposures.npy"] if self.exposures != ("medium",) else []
        paths = [self.source.file(scene.id, ending) for ending in endings]
        return {path.relative_to(self.source.root).as_posix(): path for path in paths}

    def patch(self, scene: Scene, window: Window, rng: np.random.Generator) -> Frames:
        """A cut of the integers; images smaller than the patch are continued by their edges."""
        whole = self.whole(scene, 0)
        rows, columns = window.region(*whole.reference.shape[:2])
        ldr = fill_pixels(whole.ldr[:, rows, columns], window.crop)
        return replace(whole, ldr=ldr, reference=fill_pixels(whole.reference[rows, columns], window.crop))

    def whole(self, scene: Scene, seed: int) -> Frames:
        """The files as they are; nothing is drawn.

        Raises:
            InputError: a file is missing, unreadable, of another size or depth.
        """
        if self._at_hand is None or self._at_hand[0] != scene.id:
            stored, alignratio = self.source.read_stored_reference(scene.id)
            ldr = np.stack([self.source.read_frame(scene.id, name, stored.shape) for name in self.exposures])
            stops = tuple(self.source.stops(scene.id, name) for name in self.exposures)
            frames = Frames(ldr=ldr, reference=stored, alignratio=alignratio, stops=stops, scale=1.0)
            self._at_hand = scene.id, frames
        return self._at_hand[1]

    def __getstate__(self) -> dict[str, object]:
        """Worker processes read for themselves."""
        return self.__dict__ | {"_at_hand": None}


class CameraFrames:
    """Every patch is another photograph: exposure, response and noise are drawn with it.

    The reference is quantised to 16 bits between 0 and the patch's own maximum.

    Args:
        source: makes the triples.
        root: where it reads; None if it reads nothing.
    """

    exposures: tuple[str, ...] = ("camera",)
    resamples = True

    def __init__(self, source: HdrFolderSource | ProceduralSource | PairSource, root: Path | None) -> None:
        self.source, self.root = source, root

    def size(self, scene: Scene) -> tuple[int, int]:
        """Of the usable part of the image."""
        height, width = self.source.read(scene).shape[-2:]
        return int(height), int(width)

    def files(self, scene: Scene) -> dict[str, Path]:
        """The image, with its alignratio where it has one; nothing for generated scenes."""
        if self.root is None:
            return {}
        image = self.root / scene.id
        paths = [image] + ([alignratio_path_for(image)] if image.suffix.lower() == ".png" else [])
        return {path.relative_to(self.root).as_posix(): path for path in paths}

    def patch(self, scene: Scene, window: Window, rng: np.random.Generator) -> Frames:
        """A photograph of the part that the window shows."""
        return _integers(self.source.triple(scene, rng, window))

    def whole(self, scene: Scene, seed: int) -> Frames:
        """The photograph of the whole scene that freezing the source itself with this seed would give."""
        return _integers(FixedCameraImages(self.source, [scene], seed=seed)[0])


class PairFrames(CameraFrames):
    """Cuts of pairs: the frame is the file's own, the reference quantised as `CameraFrames` does."""

    source: PairSource
    exposures: tuple[str, ...] = ("frame",)
    resamples = False

    def files(self, scene: Scene) -> dict[str, Path]:
        """The frame and its reference, or the one file that holds both."""
        return {path.relative_to(self.source.root).as_posix(): path for path in self.source.files(scene)}


def _integers(triple: Triple) -> Frames:
    encoded = np.ascontiguousarray(triple.reference16.permute(1, 2, 0).numpy())
    ldr = np.rint(triple.ldr.permute(1, 2, 0).numpy() * 255).astype(np.uint8)
    alignratio = alignratio_of(encoded)
    return Frames(
        ldr=np.ascontiguousarray(ldr)[None],
        reference=quantise(encoded, alignratio),
        alignratio=alignratio,
        stops=(0.0,),
        scale=float(triple.scale),
    )
