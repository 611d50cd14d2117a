"""One unit of the work of `prepare`: a training scene's patches or a whole frozen image, and the record of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from twostage_hdr.boundary.refusal import as_input_error
from twostage_hdr.boundary.regular_file import open_regular, read_text
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.store.cut import Patch, cut_patches
from twostage_hdr.data.store.frames import PatchMaker
from twostage_hdr.data.store.layout import WORK, fill_slots, frozen_path, write_array
from twostage_hdr.data.store.plan import StoreSettings
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import write_text


@dataclass(frozen=True, kw_only=True)
class SceneTask:
    """What is to be done with a scene.

    Attributes:
        part: train, val or test.
        number: the scene's number in its set.
        first: its first slot in the training arrays.
        count: its number of patches; 0 for whole images.
    """

    part: str
    number: int
    scene: Scene
    first: int = 0
    count: int = 0


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What was written of a scene.

    Attributes:
        read: by file name below the source's root: bytes, time of change in ns, sha256.
        places: row, column and zoom of each patch; row 0, column 0 of a whole image.
        alignratio, stops, scale: one row per patch, one for a whole image.
    """

    read: dict[str, list[int | str]]
    places: list[list[float]]
    alignratio: list[float]
    stops: list[list[float]]
    scale: list[float]


class SceneWriter:
    """Writes scenes into a store; every worker process has one.

    Args:
        maker: reads scenes.
        out: the store.
        settings: of the store.
    """

    def __init__(self, maker: PatchMaker, out: Path, settings: StoreSettings) -> None:
        self.maker, self.out, self.settings = maker, out, settings

    def write(self, task: SceneTask) -> None:
        """Writes pixels, then the record; does nothing if the record is there and the files have not changed since."""
        files, path = self.maker.files(task.scene), entry_path(self.out, task.part, task.number)
        if _is_done(path, files):
            return
        read = _fingerprint(files)
        patches = self._patches(task) if task.part == "train" else [self._whole(task)]
        entry = Entry(
            read=read,
            places=[[patch.row, patch.column, patch.zoom] for patch in patches],
            alignratio=[patch.frames.alignratio for patch in patches],
            stops=[list(patch.frames.stops) for patch in patches],
            scale=[patch.frames.scale for patch in patches],
        )
        write_entry(path, entry)

    def _patches(self, task: SceneTask) -> list[Patch]:
        patches = cut_patches(self.maker, task.scene, task.count, self.settings)
        for kind in ("ldr", "reference") if patches else ():
            values = np.stack([getattr(patch.frames, kind) for patch in patches])
            fill_slots(self.out / "train" / f"{kind}.npy", task.first, values)
        return patches

    def _whole(self, task: SceneTask) -> Patch:
        frames = self.maker.whole(task.scene, self.settings.seed)
        for kind in ("ldr", "reference"):
            write_array(frozen_path(self.out, task.part, task.number, kind), getattr(frames, kind))
        return Patch(frames=frames)


def entry_path(out: Path, part: str, number: int) -> Path:
    """The record of a scene; it is written after the scene's pixels have reached the disk."""
    return out / WORK / f"{part}_{number:06d}.json"


def write_entry(path: Path, entry: Entry) -> None:
    """Marks a scene as finished: a line of JSON after a line with its sha256."""
    text = json.dumps(asdict(entry))
    write_text(path, f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}")


def read_entry(path: Path) -> Entry:
    """What was written of a scene.

    Raises:
        InputError: nothing yet, or its record is damaged.
    """
    cure = "remove it and give the same prepare command again"
    digest, _, text = read_text(path, cure=cure).partition("\n")
    if hashlib.sha256(text.encode()).hexdigest() != digest:
        raise InputError(path, "damaged: its sha256 is not that of its first line", cure)
    return Entry(**json.loads(text))


def _is_done(path: Path, files: Mapping[str, Path]) -> bool:
    try:
        read = read_entry(path).read
    except InputError:  # not there, or damaged: the scene is written again
        return False
    return {name: entry[:2] for name, entry in read.items()} == {name: _stamp(file) for name, file in files.items()}


def _fingerprint(files: Mapping[str, Path]) -> dict[str, list[int | str]]:
    """Bytes, time of change and sha256 of each file."""
    read: dict[str, list[int | str]] = {}
    cure = "run inspect, then exclude the scene"
    for name, path in files.items():
        with open_regular(path, cure=cure) as file, as_input_error(path, cure, "cannot be read"):
            read[name] = [*_stamp(path), hashlib.file_digest(file, "sha256").hexdigest()]
    return read


def _stamp(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]
