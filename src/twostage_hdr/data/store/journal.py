"""Which scenes of an unfinished store are done."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from twostage_hdr.boundary.refusal import as_input_error
from twostage_hdr.boundary.regular_file import open_regular
from twostage_hdr.boundary.structured_text import read_json
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import atomic_path


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What was written of a scene.

    Attributes:
        read: by file name below the source's root: bytes, time of change in ns, sha256.
        places: row, column and zoom of each patch; row 0, column 0 of a whole image.
        size: height and width of a whole image, (0, 0) for patches.
        alignratio, stops, scale: one row per patch, one for a whole image.
    """

    read: Mapping[str, tuple[int, int, str]]
    places: list[tuple[int, int, float]]
    size: tuple[int, int]
    alignratio: list[float]
    stops: list[list[float]]
    scale: list[float]


class Journal:
    """One small file per finished scene and set, written after the scene's pixels have reached the disk.

    Args:
        folder: where the files go.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def done(self, part: str, number: int, files: Mapping[str, Path]) -> bool:
        """Whether the scene is written and its files have not changed since."""
        try:
            entry = self.entry(part, number)
        except InputError:  # not there, or damaged: the scene is written again
            return False
        return entry.read.keys() == files.keys() and all(
            _stamp(path) == entry.read[name][:2] for name, path in files.items()
        )

    def write(self, part: str, number: int, entry: Entry) -> None:
        """Marks the scene as finished."""
        with atomic_path(self._path(part, number)) as temporary:
            temporary.write_text(json.dumps(asdict(entry)), encoding="utf-8")

    def entry(self, part: str, number: int) -> Entry:
        """What was written.

        Raises:
            InputError: nothing yet, or its record is damaged.
        """
        path, cure = self._path(part, number), "remove it and give the same prepare command again"
        content = read_json(path, cure=cure)
        with as_input_error(path, cure, "no record of a scene"):
            height, width = (int(side) for side in content["size"])
            entry = Entry(
                read={str(name): (int(size), int(at), str(sha)) for name, (size, at, sha) in content["read"].items()},
                places=[(int(row), int(column), float(zoom)) for row, column, zoom in content["places"]],
                size=(height, width),
                alignratio=[float(value) for value in content["alignratio"]],
                stops=[[float(value) for value in values] for values in content["stops"]],
                scale=[float(value) for value in content["scale"]],
            )
            if not len(entry.places) == len(entry.alignratio) == len(entry.stops) == len(entry.scale):
                raise ValueError("its lists are of different lengths")
        return entry

    def _path(self, part: str, number: int) -> Path:
        return self.folder / f"{part}_{number:06d}.json"


def fingerprint(files: Mapping[str, Path]) -> dict[str, tuple[int, int, str]]:
    """Bytes, time of change and sha256 of each file.

    Raises:
        InputError: a file cannot be read.
    """
    read, cure = {}, "run inspect, then exclude the scene"
    for name, path in files.items():
        with open_regular(path, cure=cure) as file, as_input_error(path, cure, "cannot be read"):
            read[name] = (*_stamp(path), hashlib.file_digest(file, "sha256").hexdigest())
    return read


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns
