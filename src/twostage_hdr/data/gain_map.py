"""Photographs that carry a gain map, as pairs: the base is the input, the base with its gain the reference."""

from pathlib import Path

from twostage_hdr.data.hdr_folder import read_exclude_list
from twostage_hdr.data.pair_source import SRGB, Pair, PairSource, read_frame
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.triple import channels_first
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.chromaticities import REC709, to_primaries
from twostage_hdr.imaging.embedded_gain_map import has_gain_map
from twostage_hdr.imaging.photograph import read_photograph
from twostage_hdr.radiometry.photometry import REFERENCE_CAP

SUFFIXES = (".jpg", ".jpeg", ".heic", ".heif")


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
        left_out = read_exclude_list(exclude)
        names = [path.relative_to(root).as_posix() for path in files if has_gain_map(path)]
        scenes = [Scene(name, name.rpartition("/")[0] or name) for name in names if name not in left_out]
        super().__init__(root=root, scenes=scenes, response=SRGB, cap=cap, cache_mb=cache_mb)
        if not scenes:
            seen = f"no gain map in {len(files)} photographs ({', '.join(SUFFIXES)})"
            raise InputError(f"data.root={root}", seen, "give photographs as the telephone wrote them")

    def files(self, scene: Scene) -> list[Path]:
        """The photograph."""
        return [self.root / scene.id]

    def pair(self, scene: Scene) -> Pair:
        """The photograph as every viewer shows it, and with its gain.

        Raises:
            InputError: it cannot be read, or its gain map cannot.
        """
        path = self.root / scene.id
        photograph = read_photograph(path)
        if photograph.light is None:
            raise InputError(path, "its gain map cannot be used", "export it again with HDR, or exclude it")
        light = to_primaries(photograph.linear(), photograph.info.primaries, REC709)
        return Pair(channels_first(read_frame(path)) / 255, channels_first(light))
