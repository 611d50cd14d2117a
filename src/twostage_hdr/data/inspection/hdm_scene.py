"""All checks of one HdM scene."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from twostage_hdr.data.hdm import EXPOSURES, MEDIUM, HdmSource
from twostage_hdr.data.inspection.contact_sheet import sheet_picture
from twostage_hdr.data.inspection.dynamic_range import (
    ALL_CLIPPED,
    HARDLY_HDR,
    clipped_share,
    has_eight_bit_content,
    order_problem,
    range_in_stops,
)
from twostage_hdr.data.inspection.finding import Finding, SceneRecord, below, finding_from
from twostage_hdr.data.inspection.misalignment import find_shift, is_shifted
from twostage_hdr.data.inspection.response_curve import fit_response, response_problem
from twostage_hdr.data.thumbnails import thumbnail
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.ldr import read_ldr
from twostage_hdr.radiometry.gamma import HDM_GAMMA

SCATTER = 400
"""Samples per scene and exposure for the plot."""

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
        there = self._missing(record)
        frames = self._frames(record, there)
        reference = self._reference(record) if {"gt.png", "alignratio.npy"} <= there else None
        if frames.get("medium") is not None:
            record.thumbnail = thumbnail(frames["medium"])
            record.digest = hashlib.sha256(frames["medium"].tobytes()).hexdigest()
        self._black(record, frames, reference)
        if reference is not None:
            record.size, record.peak = reference.shape[:2], float(reference.max())
            frames = self._sizes(record, frames, reference.shape)
        record.clipped = {name: clipped_share(frame) for name, frame in frames.items()}
        if record.clipped and min(record.clipped.values()) > ALL_CLIPPED:
            self._add(record, "medium.png", "even the shortest frame is clipped nearly everywhere", CURE_FILES)
        stops = self._stops(record, there)
        if stops is not None and len(frames) == len(EXPOSURES):
            self._order(record, frames, stops)
        if reference is not None and not record.harmful:
            self._against_reference(record, frames, reference, stops)
        return record

    def _missing(self, record: SceneRecord) -> set[str]:
        there = {ending for ending in ENDINGS if self.source.file(record.scene, ending).is_file()}
        for ending in sorted(set(ENDINGS) - there):
            cure = CURE_SCALE if ending == "alignratio.npy" else CURE_MISSING
            self._add(record, ending, "missing", cure, harmful=ending in self.required)
        return there

    def _frames(self, record: SceneRecord, there: set[str]) -> dict[str, np.ndarray]:
        frames: dict[str, np.ndarray] = {}
        for name in EXPOSURES:
            frame = self._frame(record, name) if f"{name}.png" in there else None
            if frame is not None:
                frames[name] = frame
        return frames

    def _frame(self, record: SceneRecord, name: str) -> np.ndarray | None:
        path = self.source.file(record.scene, f"{name}.png")
        try:
            pixels = read_ldr(path).pixels
        except InputError as error:
            record.findings.append(finding_from(error, scene=record.scene, path=path, root=self.source.root))
            return None
        if pixels.dtype != np.uint8:
            self._add(record, path.name.rsplit("_", 1)[1], f"{pixels.dtype} pixels instead of 8 bits", CURE_FILES)
            return None
        return pixels

    def _reference(self, record: SceneRecord) -> np.ndarray | None:
        try:
            stored, alignratio = self.source.read_stored_reference(record.scene)
        except InputError as error:
            ending = "alignratio.npy" if error.subject.endswith("alignratio.npy") else "gt.png"
            path = self.source.file(record.scene, ending)
            record.findings.append(finding_from(error, scene=record.scene, path=path, root=self.source.root))
            return None
        if has_eight_bit_content(stored):
            self._add(record, "gt.png", "16-bit file with 8-bit content", "export the reference from its HDR original")
        return (stored / alignratio).astype(np.float32)

    def _black(self, record: SceneRecord, frames: dict[str, np.ndarray], reference: np.ndarray | None) -> None:
        for name, frame in frames.items():
            if frame.max() == 0:
                self._add(record, f"{name}.png", "all black", CURE_FILES)
        if reference is not None and reference.max() == 0:
            self._add(record, "gt.png", "all black", CURE_FILES)

    def _sizes(
        self, record: SceneRecord, frames: dict[str, np.ndarray], shape: tuple[int, ...]
    ) -> dict[str, np.ndarray]:
        for name, frame in frames.items():
            if frame.shape != shape:
                problem = f"{frame.shape[1]}x{frame.shape[0]} px, the reference {shape[1]}x{shape[0]}"
                self._add(record, f"{name}.png", problem, CURE_FILES)
        return {name: frame for name, frame in frames.items() if frame.shape == shape}

    def _stops(self, record: SceneRecord, there: set[str]) -> dict[str, float] | None:
        if "exposures.npy" not in there:
            return None
        path = self.source.file(record.scene, "exposures.npy")
        try:
            return {name: self.source.stops(record.scene, name) for name in EXPOSURES}
        except InputError as error:
            record.findings.append(finding_from(error, scene=record.scene, path=path, root=self.source.root))
            return None

    def _order(self, record: SceneRecord, frames: dict[str, np.ndarray], stops: dict[str, float]) -> None:
        problem = order_problem(frames, stops)
        if problem:
            self._add(record, "long.png", problem, "give the files the names of their exposures, or exclude the scene")

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
            problem = (
                f"{record.stops:.1f} stops, peak {record.peak:.2f} where 1 clips: hardly more than the medium frame"
            )
            self._add(record, "gt.png", problem, "nothing needs to be done; it teaches little", harmful=False)
        places = np.random.default_rng(0).integers(reference.size // 3, size=SCATTER)
        for name, frame in frames.items():
            factor = 2.0 ** ((stops[name] if stops else 0.0) / HDM_GAMMA) if name != EXPOSURES[MEDIUM] else 1.0
            pairs = (reference.reshape(-1, 3)[places, 1] * factor, frame.reshape(-1, 3)[places, 1] / 255)
            record.scatter[name] = np.stack(pairs, axis=1).astype(np.float32)
        if "medium" in frames:
            record.sheet = sheet_picture(frames["medium"], linear)
            self._medium(record, frames["medium"], reference)

    def _medium(self, record: SceneRecord, frame: np.ndarray, reference: np.ndarray) -> None:
        shown = frame.astype(np.float32) / 255
        shift = find_shift(np.minimum(reference, 1), shown)
        if is_shifted(shift):
            moved = f"shifted {shift.right:+.1f}, {shift.down:+.1f} px against the reference"
            self._add(record, "medium.png", moved, "align both, or exclude the scene")
            return  # the curve would be off for this reason alone
        step = max(1, int(np.sqrt(reference.size / 300_000)))
        fit = fit_response(reference[::step, ::step], shown[::step, ::step])
        problem = response_problem(fit) if fit else None
        if problem:
            cure = "check alignratio and that the reference is encoded with gamma 2.24, or exclude the scene"
            self._add(record, "gt.png", problem, cure)

    def _add(self, record: SceneRecord, ending: str, problem: str, cure: str, *, harmful: bool = True) -> None:
        file = below(self.source.file(record.scene, ending), self.source.root)
        record.findings.append(Finding(scene=record.scene, file=file, problem=problem, cure=cure, harmful=harmful))


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
