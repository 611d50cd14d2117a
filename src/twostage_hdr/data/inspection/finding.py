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
from twostage_hdr.imaging.atomic import atomic_path
from twostage_hdr.imaging.challenge_png import alignratio_path_for
from twostage_hdr.imaging.png_chunks import read_png_header

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


def finding_from(error: InputError, *, scene: str, path: Path, root: Path) -> Finding:
    """A reader's refusal of a file as a finding."""
    cure = error.cure or "repair the file or exclude the scene"
    return Finding(scene=scene, file=below(path, root), problem=error.seen or str(error), cure=cure)


def below(path: Path, root: Path) -> str:
    """A file's name below the root."""
    return path.relative_to(root).as_posix()


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


def write_exclude_list(path: Path, harmful: Sequence[Finding]) -> int:
    """One scene per line with the reasons as comment; returns how many scenes it names."""
    reasons: dict[str, list[str]] = {}
    for finding in harmful:
        if finding.scene:
            reasons.setdefault(finding.scene, []).append(f"{finding.file}: {finding.problem}".replace("\n", " "))
    lines = [f"{scene}  # {'; '.join(problems)}\n" for scene, problems in sorted(reasons.items())]
    with atomic_path(path) as temporary:
        temporary.write_text("".join(lines), encoding="utf-8")
    return len(lines)


def stray_files(source: Inspectable) -> list[Finding]:
    """Frames without a reference (HdM), 16-bit PNGs without an alignratio (folders)."""
    if isinstance(source, HdmSource):
        return [
            Finding(
                scene=scene_id,
                file=below(source.file(scene_id, "medium.png"), source.root),
                problem="no reference beside it (_gt.png)",
                cure="no action needed: frames without a reference are skipped",
                harmful=False,
            )
            for scene_id in source.unreferenced
        ]
    if isinstance(source, HdrFolderSource):
        return [
            Finding(
                scene=below(path, source.root),
                file=below(path, source.root),
                problem=f"a 16-bit PNG without {alignratio_path_for(path).name}",
                cure="write the scale beside it (65535 / maximum of the encoded image), or it is left out",
                harmful=False,
            )
            for path in sorted(source.root.rglob("*.png"))
            if path.is_file() and not alignratio_path_for(path).is_file() and read_png_header(path).deep
        ]
    return []
