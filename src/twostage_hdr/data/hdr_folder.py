"""Any folder of HDR images as a source of triples: manifest, panoramas, exclude list, virtual camera."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from twostage_hdr.boundary.regular_file import read_text
from twostage_hdr.boundary.structured_text import read_csv
from twostage_hdr.camera.virtual_camera import VirtualCamera
from twostage_hdr.data.capture import capture_triple, checked_cap
from twostage_hdr.data.image_cache import ImageCache
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.thumbnails import Thumbnail, exposed_preview, thumbnails
from twostage_hdr.data.triple import Triple, channels_first
from twostage_hdr.data.window import Window
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.challenge_png import alignratio_path_for
from twostage_hdr.imaging.hdr import read_hdr
from twostage_hdr.imaging.pixel_arrays import LinearPixels
from twostage_hdr.radiometry.photometry import REFERENCE_CAP

BAND = (0.2, 0.8)
"""Share of the height that is kept: beyond it the equirectangular projection stretches visibly."""

SKY_BAND = (0.2, 0.5)
"""The same for sky-only maps, whose lower half is synthetic."""

SUFFIXES = (".hdr", ".exr", ".tif", ".tiff", ".png")

MANIFEST = "manifest.csv"

_COMMENT = re.compile(r"(?:^|\s)#")


@dataclass(frozen=True)
class _ManifestRow:
    """What a manifest says of one file."""

    group: str | None = None
    panorama: bool | None = None
    sky_only: bool = False
    kind: str = ""


class HdrFolderSource:
    """Radiance, OpenEXR, float TIFF and 16-bit PNG + alignratio images anywhere below a folder.

    A `manifest.csv` in the folder may say more of each `file`: `place_group` (images of one place, split together),
    `panorama` (yes/no), `scene_kind` and `note` (one with "sky-only" marks a map whose lower half is synthetic).
    Without it an image's group is its subfolder, or the image itself at the top; images with sides 2:1 are taken
    for panoramas.

    Args:
        root: the folder.
        camera: makes the LDR frame.
        cap: highest encoded value of the references, see `REFERENCE_CAP`.
        panoramas: use only the unstretched middle rows of panoramas; False takes every image whole.
        cache_mb: memory for decoded images in each process, in MiB.
        exclude: file with names to leave out, one per line (`inspect` writes one).

    Raises:
        InputError: the folder is missing or has no HDR image.
    """

    def __init__(
        self,
        *,
        root: str,
        camera: VirtualCamera,
        cap: float = REFERENCE_CAP,
        panoramas: bool = True,
        cache_mb: int = 1024,
        exclude: str | None = None,
    ) -> None:
        self.root = Path(root)
        if not self.root.is_dir():
            raise InputError(f"data.root={root}", "no such folder", "give the folder that holds the HDR images")
        self.camera, self.cap, self.panoramas = camera, checked_cap(cap), panoramas
        self._manifest = _read_manifest(self.root / MANIFEST)
        left_out = read_exclude_list(exclude)
        names = (file.relative_to(self.root).as_posix() for file in sorted(self.root.rglob("*")) if _is_hdr(file))
        self._names = [name for name in names if name not in left_out]
        if not self._names:
            seen = f"no HDR image ({', '.join(SUFFIXES)}) in it or below it"
            raise InputError(f"data.root={root}", seen, "give the folder that holds the HDR images")
        self._cache = ImageCache(megabytes=cache_mb)
        self._thumbnails: dict[str, Thumbnail] | None = None

    def scenes(self) -> Sequence[Scene]:
        """One scene per file; the id is the path below the root."""
        return [Scene(name, self._group(name)) for name in self._names]

    def triple(self, scene: Scene, rng: np.random.Generator, window: Window | None) -> Triple:
        """Photographs the scene, or a window of it."""
        linear = self._cache.get(scene.id, lambda: self.read(scene))
        return capture_triple(linear, self.camera, rng, window=window, cap=self.cap, scene=scene.id)

    def read(self, scene: Scene) -> Tensor:
        """The scene's usable rows, relative linear RGB (3, height, width).

        Raises:
            InputError: the file cannot be read.
        """
        return self.usable_part(scene, read_hdr(self.root / scene.id).pixels)

    def usable_part(self, scene: Scene, pixels: LinearPixels) -> Tensor:
        """The rows of a decoded image that are used: of a panorama the unstretched ones."""
        height, width = pixels.shape[:2]
        if self.panoramas and self.is_panorama(scene, height, width):
            low, high = SKY_BAND if self.is_sky_only(scene) else BAND
            pixels = pixels[round(low * height) : round(high * height)]
        return channels_first(pixels)

    def is_panorama(self, scene: Scene, height: int, width: int) -> bool:
        """What the manifest says, or whether an image has the 2:1 sides of an equirectangular panorama."""
        stated = self._row(scene.id).panorama
        return width == 2 * height if stated is None else stated

    def kind(self, scene: Scene) -> str:
        """What the manifest's column `scene_kind` says; empty without it."""
        return self._row(scene.id).kind

    def is_sky_only(self, scene: Scene) -> bool:
        """Whether the lower half of a panorama is synthetic."""
        return self._row(scene.id).sky_only

    def thumbnails(self) -> dict[str, Thumbnail]:
        """Small pictures of the scenes, by id.

        Raises:
            InputError: a file cannot be read.
        """
        if self._thumbnails is None:
            self._thumbnails = thumbnails(self._names, lambda name: exposed_preview(self.read(Scene(name, name))))
        return self._thumbnails

    def _row(self, name: str) -> _ManifestRow:
        return self._manifest.get(name, _ManifestRow())

    def _group(self, name: str) -> str:
        folder, _, file = name.rpartition("/")
        return self._row(name).group or folder or Path(file).stem


def read_exclude_list(path: str | None) -> frozenset[str]:
    """Scene ids to leave out: one per line; text after a `#` that begins a line or follows a space is comment.

    Raises:
        InputError: the file cannot be read.
    """
    if path is None:
        return frozenset()
    lines = read_text(path, may_be_empty=True, cure="give a text file for data.source.exclude, or null").splitlines()
    return frozenset(name for line in lines if (name := _COMMENT.split(line)[0].strip()))


def _is_hdr(file: Path) -> bool:
    if file.name.startswith(".") or file.suffix.lower() not in SUFFIXES or not file.is_file():
        return False
    # A PNG is an HDR image only together with its scale.
    return file.suffix.lower() != ".png" or alignratio_path_for(file).is_file()


def _read_manifest(path: Path) -> dict[str, _ManifestRow]:
    if not os.path.lexists(path):
        return {}
    rows = read_csv(path, ["file"], cure="correct it, or take it away")
    flags = {"yes": True, "no": False}
    return {
        row["file"]: _ManifestRow(
            row.get("place_group") or None,
            flags.get((row.get("panorama") or "").lower()),
            "sky-only" in (row.get("note") or "").lower(),
            row.get("scene_kind") or "",
        )
        for row in rows
    }
