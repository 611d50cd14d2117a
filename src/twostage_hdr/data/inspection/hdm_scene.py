"""All checks of one HdM scene."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from twostage_hdr.data.hdm import EXPOSURES, HdmSource
from twostage_hdr.data.inspection.agreement import find_shift, fit_response, is_shifted, response_problem
from twostage_hdr.data.inspection.dynamic_range import (
    ALL_CLIPPED,
    HARDLY_HDR,
    clipped_share,
    has_eight_bit_content,
    order_problem,
    range_in_stops,
)
from twostage_hdr.data.inspection.finding import SceneRecord
from twostage_hdr.data.thumbnails import sheet_picture, thumbnail
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.ldr import read_ldr
from twostage_hdr.radiometry.gamma import HDM_GAMMA

ENDINGS = (*(f"{name}.png" for name in EXPOSURES), "gt.png", "alignratio.npy", "exposures.npy")

CURE_MISSING = "fetch the file again, or exclude the scene"
CURE_SCALE = "fetch it again or write 65535 / maximum of the encoded reference, or exclude the scene"
CURE_FILES = "fetch the scene's files again, or exclude it"


@dataclass(frozen=True, kw_only=True)
class HdmInspector:
    """Callable on a scene id, in any process.

    Args:
        source: the tree.
        required: endings whose absence makes a scene unusable; other missing files are reported only.
    """

    source: HdmSource
    required: Collection[str]

    def __call__(self, scene_id: str) -> SceneRecord:
        """Reads the scene's files; an unreadable one is a finding, never an exception."""
        record = SceneRecord(scene=scene_id)
        there = {ending for ending in ENDINGS if self.source.file(scene_id, ending).is_file()}
        for ending in sorted(set(ENDINGS) - there):
            cure = CURE_SCALE if ending == "alignratio.npy" else CURE_MISSING
            record.add(f"{scene_id}_{ending}", "missing", cure, harmful=ending in self.required)
        read = ((name, self._frame(record, name)) for name in EXPOSURES if f"{name}.png" in there)
        frames: dict[str, np.ndarray] = {name: frame for name, frame in read if frame is not None}
        reference = self._reference(record) if {"gt.png", "alignratio.npy"} <= there else None
        if "medium" in frames:
            record.thumbnail = thumbnail(frames["medium"])
            record.digest = hashlib.sha256(frames["medium"].tobytes()).hexdigest()
        for name, picture in (frames if reference is None else {**frames, "gt": reference}).items():
            if picture.max() == 0:
                record.add(f"{scene_id}_{name}.png", "all black", CURE_FILES)
        if reference is not None:
            record.size, record.peak = reference.shape[:2], float(reference.max())
            frames = self._of_size(record, frames, reference.shape)
        stops = self._exposures(record, frames, there)
        if reference is not None and not record.harmful:
            self._against_reference(record, frames, reference, stops)
        return record

    def _frame(self, record: SceneRecord, name: str) -> np.ndarray | None:
        file = f"{record.scene}_{name}.png"
        try:
            pixels = read_ldr(self.source.root / file).pixels
        except InputError as error:
            record.refuse(file, error)
            return None
        if pixels.dtype != np.uint8:
            record.add(file, f"{pixels.dtype} pixels instead of 8 bits", CURE_FILES)
            return None
        return pixels

    def _reference(self, record: SceneRecord) -> np.ndarray | None:
        try:
            stored, alignratio = self.source.read_stored_reference(record.scene)
        except InputError as error:
            ending = "alignratio.npy" if error.subject.endswith("alignratio.npy") else "gt.png"
            record.refuse(f"{record.scene}_{ending}", error)
            return None
        if has_eight_bit_content(stored):
            cure = "export the reference from its HDR original"
            record.add(f"{record.scene}_gt.png", "16-bit file with 8-bit content", cure)
        return (stored / alignratio).astype(np.float32)

    def _of_size(
        self, record: SceneRecord, frames: dict[str, np.ndarray], shape: tuple[int, ...]
    ) -> dict[str, np.ndarray]:
        for name, frame in frames.items():
            if frame.shape != shape:
                problem = f"{frame.shape[1]}x{frame.shape[0]} px, the reference {shape[1]}x{shape[0]}"
                record.add(f"{record.scene}_{name}.png", problem, CURE_FILES)
        return {name: frame for name, frame in frames.items() if frame.shape == shape}

    def _exposures(
        self, record: SceneRecord, frames: dict[str, np.ndarray], there: set[str]
    ) -> dict[str, float] | None:
        """Looks at clipping and order, and gives the stops of each frame, if they can be read."""
        record.clipped = {name: clipped_share(frame) for name, frame in frames.items()}
        if record.clipped and min(record.clipped.values()) > ALL_CLIPPED:
            problem = "even the shortest frame is clipped nearly everywhere"
            record.add(f"{record.scene}_medium.png", problem, CURE_FILES)
        if "exposures.npy" not in there:
            return None
        try:
            stops: dict[str, float] = {name: self.source.stops(record.scene, name) for name in EXPOSURES}
        except InputError as error:
            record.refuse(f"{record.scene}_exposures.npy", error)
            return None
        if len(frames) == len(EXPOSURES) and (disorder := order_problem(frames, stops)):
            cure = "give the files the names of their exposures, or exclude the scene"
            record.add(f"{record.scene}_long.png", disorder, cure)
        return stops

    def _against_reference(
        self,
        record: SceneRecord,
        frames: dict[str, np.ndarray],
        reference: np.ndarray,
        stops: dict[str, float] | None,
    ) -> None:
        linear = np.power(reference, np.float32(HDM_GAMMA))
        record.stops = range_in_stops(linear)
        if record.stops < HARDLY_HDR or (record.peak or 0) <= 1:
            seen = f"{record.stops:.1f} stops, peak {record.peak:.2f} where 1 clips: hardly more than the medium frame"
            cure = "nothing needs to be done; it teaches little"
            record.add(f"{record.scene}_gt.png", seen, cure, harmful=False)
        for name, frame in frames.items():
            factor = 2.0 ** (stops[name] / HDM_GAMMA) if stops else 1.0
            record.scatter_from(name, reference * np.float32(factor), frame / np.float32(255))
        if "medium" in frames:
            record.sheet = sheet_picture(frames["medium"], linear)
            self._medium(record, frames["medium"] / np.float32(255), reference)

    def _medium(self, record: SceneRecord, shown: np.ndarray, reference: np.ndarray) -> None:
        shift = find_shift(np.minimum(reference, 1), shown)
        if is_shifted(shift):
            moved = f"shifted {shift.right:+.1f}, {shift.down:+.1f} px against the reference"
            record.add(f"{record.scene}_medium.png", moved, "align both, or exclude the scene")
            return  # the curve would be off for this reason alone
        step = max(1, int(np.sqrt(reference.size / 300_000)))
        fit = fit_response(reference[::step, ::step], shown[::step, ::step])
        if fit and (problem := response_problem(fit)):
            cure = "check alignratio and that the reference is encoded with gamma 2.24, or exclude the scene"
            record.add(f"{record.scene}_gt.png", problem, cure)


def required_endings(source: HdmSource) -> set[str]:
    """The files that training needs, and those that nearly all scenes have, since a store wants them."""
    chosen = EXPOSURES if source.exposure in ("random", "all") else (source.exposure,)
    needed = {"medium.png", "gt.png", "alignratio.npy", *(f"{name}.png" for name in chosen)}
    if chosen != ("medium",):
        needed.add("exposures.npy")
    for ending in ENDINGS:
        if 2 * sum(source.file(scene_id, ending).is_file() for scene_id in source.ids) > len(source.ids):
            needed.add(ending)
    return needed
