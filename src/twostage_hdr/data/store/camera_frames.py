"""Frames of linear HDR scenes: photographs by the virtual camera, one exposure each."""

from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from torch import Tensor

from twostage_hdr.data.patches import FrozenDataset
from twostage_hdr.data.scene import Scene, Source
from twostage_hdr.data.store.frames import Frames
from twostage_hdr.data.triple import Triple
from twostage_hdr.data.window import Window
from twostage_hdr.imaging.challenge_png import alignratio_of, alignratio_path_for, quantise


@runtime_checkable
class LinearSource(Source, Protocol):
    """A source of linear images: a folder of HDR files, generated scenes."""

    def read(self, scene: Scene) -> Tensor:
        """The scene, relative linear RGB (3, height, width)."""


class CameraFrames:
    """Every patch is another photograph: exposure, response and noise are drawn with it.

    The reference is quantised to 16 bits between 0 and the patch's own maximum.

    Args:
        source: makes the triples.
        root: where it reads; None if it reads nothing.
    """

    exposures: tuple[str, ...] = ("camera",)
    resamples = True

    def __init__(self, source: LinearSource, root: Path | None) -> None:
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
        return _integers(FrozenDataset(self.source, [scene], seed=seed)[0])


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
