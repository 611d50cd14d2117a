"""One unit of the work of `prepare`: a training scene's patches, or a whole frozen image."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twostage_hdr.data.scene import Scene
from twostage_hdr.data.store.cut import cut_patches
from twostage_hdr.data.store.journal import Entry, Journal, fingerprint
from twostage_hdr.data.store.layout import WORK, fill_slots, frozen_path, write_array
from twostage_hdr.data.store.settings import PatchMaker, StoreSettings


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


class SceneWriter:
    """Writes scenes into a store; every worker process has one.

    Args:
        maker: reads scenes.
        out: the store.
        settings: of the store.
    """

    def __init__(self, maker: PatchMaker, out: Path, settings: StoreSettings) -> None:
        self.maker, self.out, self.settings = maker, out, settings
        self.journal = Journal(out / WORK)

    def write(self, task: SceneTask) -> None:
        """Writes pixels, then the journal's entry; does nothing if the entry is there and the files are unchanged."""
        files = self.maker.files(task.scene)
        if self.journal.done(task.part, task.number, files):
            return
        read = fingerprint(files)
        entry = self._patches(task, read) if task.part == "train" else self._whole(task, read)
        self.journal.write(task.part, task.number, entry)

    def _patches(self, task: SceneTask, read: dict[str, tuple[int, int, str]]) -> Entry:
        patches = cut_patches(self.maker, task.scene, task.count, self.settings)
        frames = [patch.frames for patch in patches]
        if frames:
            fill_slots(self.out / "train" / "ldr.npy", task.first, np.stack([frame.ldr for frame in frames]))
            reference = np.stack([frame.reference for frame in frames])
            fill_slots(self.out / "train" / "reference.npy", task.first, reference)
        return Entry(
            read=read,
            places=[(patch.row, patch.column, patch.zoom) for patch in patches],
            size=(0, 0),
            alignratio=[frame.alignratio for frame in frames],
            stops=[list(frame.stops) for frame in frames],
            scale=[frame.scale for frame in frames],
        )

    def _whole(self, task: SceneTask, read: dict[str, tuple[int, int, str]]) -> Entry:
        frames = self.maker.whole(task.scene, self.settings.seed)
        write_array(frozen_path(self.out, task.part, task.number, "ldr"), frames.ldr)
        write_array(frozen_path(self.out, task.part, task.number, "reference"), frames.reference)
        height, width = frames.reference.shape[:2]
        return Entry(
            read=read,
            places=[(0, 0, 1.0)],
            size=(height, width),
            alignratio=[frames.alignratio],
            stops=[list(frames.stops)],
            scale=[frames.scale],
        )
