"""Where results go: their names, which of them are there already, and what they must not replace."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import remove_leftovers
from twostage_hdr.inference.result_files import result_paths


@dataclass(frozen=True, kw_only=True)
class Pending:
    """What is to be made of one input.

    Attributes:
        missing: formats that are not there.
        refused: why nothing can be made, if so.
        notes: what is to be said of the results that are there.
    """

    missing: Sequence[str]
    refused: str | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Where and as what the results of a batch are written.

    Attributes:
        directory: made if it is missing.
        formats: see `result_paths`.
        kinds: suffixes of the batch's inputs, see `result_stem`.
        overwrite: replace results that exist; else they are left alone.
        paths_of: the files of a folder, stem and formats.
        folders: formats that are a folder of frames; the others are files.
    """

    directory: Path
    formats: Sequence[str]
    kinds: Sequence[str] = ()
    overwrite: bool = False
    paths_of: Callable[[Path, str, Sequence[str]], list[Path]] = result_paths
    folders: Collection[str] = ()

    def stem(self, source: Path) -> str:
        """What the names of a source's results begin with."""
        return result_stem(source, self.kinds)

    def paths(self, source: Path, formats: Sequence[str] | None = None) -> list[Path]:
        """The results of a source, of some formats or of all; a format's first file appears last.

        Raises:
            InputError: an unknown format.
        """
        return self.paths_of(self.directory, self.stem(source), self.formats if formats is None else formats)

    def pending(self, source: Path) -> Pending:
        """What is to be made of a source."""
        if self.overwrite:
            return Pending(missing=self.formats)
        return _pending(source, {name: self.paths(source, [name]) for name in self.formats}, self.folders)


def check_plan(sources: Sequence[Path], destination: Destination) -> dict[Path, str]:
    """Refuses formats that are unknown, results that would replace an input, and a folder that cannot be made.

    Returns:
        The sources that cannot be done beside the others, since they would share results, and why.

    Raises:
        InputError: names what is wrong.
    """
    directory = destination.directory
    try:
        for part in (directory, *directory.parents):
            if part.exists() and not part.is_dir():
                raise InputError(part, "is a file", "give a folder with -o")
    except OSError as error:
        raise InputError(directory, f"{error.strerror}", "give another folder with -o") from error
    return check_collisions({source: destination.paths(source) for source in sources})


def result_stem(source: Path, kinds: Sequence[str]) -> str:
    """What the names of a file's results begin with: its stem, `plain` of `plain.jpg`; of `plain.png` beside it
    `plain_png`.

    Args:
        source: the file.
        kinds: suffixes of the files that are looked for beside it; what has an earlier one keeps its stem for itself.
    """
    suffix = source.suffix.lower()
    earlier = kinds[: kinds.index(suffix)] if suffix in kinds else kinds
    beside = (source.with_suffix(cased) for kind in earlier for cased in (kind, kind.upper()))
    try:
        shared = source.exists() and any(other.exists() for other in beside)
    except OSError:  # a name that this file system does not take
        shared = False
    return f"{source.stem}_{source.suffix[1:]}" if shared and suffix else source.stem


def _pending(source: Path, results: Mapping[str, Sequence[Path]], folders: Collection[str]) -> Pending:
    """Looks at an input's results: where a format's first file is, which appears last, the format is done."""
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


def check_collisions(plan: dict[Path, list[Path]]) -> dict[Path, str]:
    """Refuses results that would replace an input.

    Args:
        plan: each input's results.

    Returns:
        The inputs whose results are also those of an earlier one, each with what to tell the user.

    Raises:
        InputError: a result would replace an input; names both files.
    """
    shared: dict[Path, str] = {}
    inputs = {_resolved(source): source for source in plan}
    owner: dict[Path, Path] = {}
    for source, results in plan.items():
        for result in results:
            place = _resolved(result)
            if place in inputs:
                raise InputError(result, f"would overwrite the input {inputs[place]}", "choose another folder with -o")
            if place in owner:
                why = f"would write the same file as {owner[place]} ({result})"
                shared[source] = str(InputError(source, why, "process them in separate runs with -o"))
            owner.setdefault(place, source)
    return shared


def _resolved(path: Path) -> Path:
    """The path without links; as it stands where that cannot be found out, so that a loop stops no other file."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # the second: a loop, up to Python 3.12
        return path.absolute()


def make_directory(directory: Path) -> bool:
    """Makes the folder of the results if it is missing.

    Returns:
        Whether it was missing.

    Raises:
        InputError: it cannot be made.
    """
    try:
        missing = not directory.is_dir()
        directory.mkdir(parents=True, exist_ok=True)
        remove_leftovers(directory)
    except OSError as error:
        raise InputError(directory, f"cannot be made ({error.strerror})", "give another folder with -o") from error
    return missing
