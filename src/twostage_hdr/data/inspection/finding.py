"""Findings and figures of a scene, the exclude list made of them, and files that belong to no scene."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np

from twostage_hdr.data.hdm import HdmSource
from twostage_hdr.data.hdr_folder import HdrFolderSource
from twostage_hdr.data.pair_source import PairSource
from twostage_hdr.data.procedural_source import ProceduralSource
from twostage_hdr.data.thumbnails import Thumbnail
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import write_text
from twostage_hdr.imaging.challenge_png import alignratio_path_for
from twostage_hdr.imaging.png_chunks import read_png_header

_SCATTER = 400
"""Samples per scene and exposure for the plot."""

Inspectable: TypeAlias = HdmSource | HdrFolderSource | ProceduralSource | PairSource


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that is wrong with a file, and its cure.

    Attributes:
        scene: id, as an exclude list names it; empty if it concerns the set as a whole.
        file: name below the data's root.
        problem: what is wrong, with the value seen.
        cure: what to do.
        harmful: whether training on it would do harm; otherwise it is a note.
    """

    scene: str
    file: str
    problem: str
    cure: str
    harmful: bool = True


@dataclass(kw_only=True)
class SceneRecord:
    """Figures for the plots; None and empty where a scene could not be read.

    Attributes:
        scene: id.
        size: height and width in px.
        stops: dynamic range of the reference.
        peak: its highest encoded value.
        clipped: share of clipped pixels by exposure, in [0, 1].
        scatter: pairs (reference, frame), both encoded, by exposure.
        thumbnail: for comparing.
        digest: of the picture's pixels; equal pictures have equal ones.
        sheet: JPEG for the contact sheet.
        findings: what is wrong with it.
    """

    scene: str
    size: tuple[int, int] | None = None
    stops: float | None = None
    peak: float | None = None
    clipped: dict[str, float] = field(default_factory=dict)
    scatter: dict[str, np.ndarray] = field(default_factory=dict)
    thumbnail: Thumbnail | None = None
    digest: str = ""
    sheet: bytes = b""
    findings: list[Finding] = field(default_factory=list)

    @property
    def harmful(self) -> bool:
        """Whether it must not be trained on."""
        return any(finding.harmful for finding in self.findings)

    def add(self, file: str, problem: str, cure: str, *, harmful: bool = True) -> None:
        """Notes what is wrong with one of the scene's files; see `Finding`."""
        self.findings.append(Finding(scene=self.scene, file=file, problem=problem, cure=cure, harmful=harmful))

    def refuse(self, file: str, error: InputError) -> None:
        """Notes a reader's refusal of a file."""
        self.add(file, error.seen or str(error), error.cure or "repair the file or exclude the scene")

    def scatter_from(self, name: str, reference: np.ndarray, frame: np.ndarray) -> None:
        """Takes samples of G for the plot: reference and frame of that exposure, HxWx3, encoded, 1.0 = white."""
        places = np.random.default_rng(0).integers(frame.size // 3, size=_SCATTER)
        pairs = [image.reshape(-1, 3)[places, 1] for image in (reference, frame)]
        self.scatter[name] = np.stack(pairs, axis=1).astype(np.float32)


def write_exclude_list(path: Path, harmful: Sequence[Finding]) -> int:
    """One scene per line with the reasons as comment; returns how many scenes it names."""
    reasons: dict[str, list[str]] = {}
    for finding in harmful:
        if finding.scene:
            reasons.setdefault(finding.scene, []).append(f"{finding.file}: {finding.problem}".replace("\n", " "))
    lines = [f"{scene}  # {'; '.join(problems)}\n" for scene, problems in sorted(reasons.items())]
    write_text(path, "".join(lines))
    return len(lines)


def stray_files(source: Inspectable) -> list[Finding]:
    """Frames without a reference (HdM), 16-bit PNGs without an alignratio (folders)."""
    found: list[tuple[str, str, str, str]] = []
    if isinstance(source, HdmSource):
        problem, cure = "no reference beside it (_gt.png)", "no action needed: frames without a reference are skipped"
        found = [(scene_id, f"{scene_id}_medium.png", problem, cure) for scene_id in source.unreferenced]
    elif isinstance(source, HdrFolderSource):
        cure = "write the scale beside it (65535 / maximum of the encoded image), or it is left out"
        for path in sorted(source.root.rglob("*.png")):
            beside = alignratio_path_for(path)
            if path.is_file() and not beside.is_file() and read_png_header(path).deep:
                name = path.relative_to(source.root).as_posix()
                found.append((name, name, f"a 16-bit PNG without {beside.name}", cure))
    return [
        Finding(scene=scene, file=file, problem=problem, cure=cure, harmful=False)
        for scene, file, problem, cure in found
    ]
