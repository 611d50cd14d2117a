"""What is left to make of an input whose results may be there already."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Pending:
    """What is to be made of one input.

    Attributes:
        missing: formats that are not there.
        refused: why nothing can be made, if so.
        notes: what is to be told of the results that are there.
    """

    missing: Sequence[str]
    refused: str | None = None
    notes: list[str] = field(default_factory=list)


def pending(
    source: Path, results: Mapping[str, Sequence[Path]], *, overwrite: bool, folders: Collection[str] = ()
) -> Pending:
    """Looks at an input's results.

    Args:
        source: the input.
        results: the paths of each format, the one that appears last first: where it is, the format is done.
        overwrite: make all of them again.
        folders: formats that are a folder of frames; the others are files.
    """
    if overwrite:
        return Pending(missing=list(results))
    missing, older = [], []
    try:
        changed = source.stat().st_mtime if source.exists() else 0.0
        for name, (first, *others) in results.items():
            if not first.exists():
                missing.append(name)
                continue
            lost = [path.name for path in others if not path.exists()]
            if lost:
                why = f"{first}: {lost[0]}, which belongs to it, is gone; give --overwrite to write both again"
                return Pending(missing=(), refused=why)
            if strange := _strange(first, is_folder=name in folders):
                return Pending(missing=(), refused=f"{first}: {strange}, where a result should be; move it away")
            if first.stat().st_mtime < changed:
                older.append(first.name)
    except OSError as error:  # a name that this file system does not take
        return Pending(missing=(), refused=f"{source}: {error.strerror}; rename it")
    notes = [f"changed since {' and '.join(older)} {'were' if len(older) > 1 else 'was'} written"] if older else []
    return Pending(missing=missing, notes=notes)


def _strange(result: Path, *, is_folder: bool) -> str | None:
    """What stands in a result's place and is none."""
    if is_folder:
        if not result.is_dir():
            return "no folder"
        return None if any(result.iterdir()) else "an empty folder"
    if not result.is_file():
        return "no file"
    return None if result.stat().st_size else "an empty file"
