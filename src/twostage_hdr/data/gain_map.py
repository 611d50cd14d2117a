"""Photographs that carry a gain map, as pairs: the base is the input, the base with its gain the reference."""

import re
from pathlib import Path

from twostage_hdr.boundary.regular_file import open_regular
from twostage_hdr.data.hdr_folder import read_exclude_list
from twostage_hdr.data.pair_source import SRGB, Pair, PairSource, channels_first, read_frame
from twostage_hdr.data.scene import Scene
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.apple_gain_map import APPLE_GAIN_MAP, APPLE_NOTE, read_apple_gain_map
from twostage_hdr.imaging.ultra_hdr import read_ultra_hdr
from twostage_hdr.radiometry.photometry import REFERENCE_CAP

SUFFIXES = (".jpg", ".jpeg", ".heic", ".heif")

_ULTRA_HDR = re.compile(rb"urn:iso:std:iso:ts:21496|ns\.adobe\.com/hdr-gain-map/")
_HEAD = 2**19  # bytes that hold a photograph's metadata


class GainMapSource(PairSource):
    """Ultra HDR, ISO 21496-1 and Apple's JPEGs, and Apple's HEICs, anywhere below a folder; others are skipped.

    The base is sRGB and clips at its white, on whose scale the reference, base x gain in full, is. Photographs of one
    subfolder share a place; at the top each is a place of its own.

    Args:
        root: the folder.
        cap: highest encoded reference value.
        cache_mb: memory for decoded pairs in each process, in MiB.
        exclude: file with names to leave out, one per line.

    Raises:
        InputError: the folder is missing, or no photograph in it carries a gain map.
    """

    def __init__(
        self, *, root: str, cap: float = REFERENCE_CAP, cache_mb: int = 1024, exclude: str | None = None
    ) -> None:
        files = [path for path in sorted(Path(root).rglob("*")) if path.suffix.lower() in SUFFIXES and path.is_file()]
        kinds = {path.relative_to(root).as_posix(): gain_map_kind(path) for path in files}
        left_out = read_exclude_list(exclude)
        self._kinds = {name: kind for name, kind in kinds.items() if kind and name not in left_out}
        scenes = [Scene(name, name.rpartition("/")[0] or name) for name in self._kinds]
        super().__init__(root=root, scenes=scenes, response=SRGB, cap=cap, cache_mb=cache_mb)
        if not scenes:
            seen = f"no gain map in {len(files)} photographs ({', '.join(SUFFIXES)})"
            raise InputError(f"data.root={root}", seen, "give photographs as the telephone wrote them")

    def files(self, scene: Scene) -> list[Path]:
        """The photograph."""
        return [self.root / scene.id]

    def pair(self, scene: Scene) -> Pair:
        """The photograph as every viewer shows it, and with its gain. Errors as of the readers."""
        path = self.root / scene.id
        read = read_apple_gain_map if self._kinds[scene.id] == "apple" else read_ultra_hdr
        return Pair(channels_first(read_frame(path)) / 255, channels_first(read(path).pixels))


def gain_map_kind(path: Path) -> str:
    """`ultra_hdr` (with ISO 21496-1's), `apple`, or empty without a gain map; by the file's metadata.

    Raises:
        InputError: the file cannot be opened.
    """
    with open_regular(path) as file:
        head = file.read(_HEAD)
        if head.startswith(b"\xff\xd8") and _ULTRA_HDR.search(head):
            return "ultra_hdr"
        possible = APPLE_GAIN_MAP in head or (b"MPF\0" in head and APPLE_NOTE in head)
        return "apple" if possible and APPLE_GAIN_MAP in head + file.read() else ""
