"""Something that is wrong with a file, and what helps."""

from dataclasses import dataclass
from pathlib import Path

from twostage_hdr.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A line of the table.

    Attributes:
        scene: id, as an exclude list names it; empty if it concerns the set as a whole.
        file: name below the data's root.
        problem: what was seen, with the value.
        cure: what to do.
        poison: whether training on it would do harm; otherwise it is worth knowing.
    """

    scene: str
    file: str
    problem: str
    cure: str
    poison: bool = True


def finding_from(error: InputError, *, scene: str, path: Path, root: Path) -> Finding:
    """A reader's one-line refusal, `file: problem; cure`, as a finding."""
    text = str(error).removeprefix(f"{path}:").strip()
    problem, _, cure = text.partition("; ")
    return Finding(
        scene=scene, file=below(path, root), problem=problem, cure=cure or "mend the file or exclude the scene"
    )


def below(path: Path, root: Path) -> str:
    """A file's name below the root."""
    return path.relative_to(root).as_posix()
