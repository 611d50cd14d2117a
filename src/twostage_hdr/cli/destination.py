"""Where results go: their names, which of them are there already, and what they must not replace."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from twostage_hdr.cli.outcome import Outcome
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import remove_leftovers
from twostage_hdr.inference.result_files import result_paths

Planned: TypeAlias = tuple[Sequence[str], Outcome]
"""What is to be made of one source: the formats that are not there, none if it is done or cannot be done; and what
there is to say then, or with the new results."""


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

    def paths(self, source: Path, formats: Sequence[str] | None = None) -> list[Path]:
        """The results of a source, of some formats or of all; a format's first file appears last.

        Raises:
            InputError: an unknown format.
        """
        stem = result_stem(source, self.kinds)
        return self.paths_of(self.directory, stem, self.formats if formats is None else formats)

    def plan(self, sources: Mapping[Path, Sequence[Path]]) -> dict[Path, Planned]:
        """What is to be made of every source; one that would share its results with an earlier one is refused.

        Args:
            sources: the input files of each; its own path, or one that stands for several, gives the results' names.

        Raises:
            InputError: a format that is unknown, or results that would replace an input.
        """
        results = {source: self.paths(source) for source in sources}
        shared = check_collisions(results, [file for files in sources.values() for file in files])
        planned = {}
        for source, (first, *others) in sources.items():
            outcome = Outcome(" + ".join((str(first), *(file.name for file in others))), "skipped")
            missing: Sequence[str] = self.formats
            try:
                if source in shared:
                    raise shared[source]
                if not self.overwrite:
                    missing, outcome.notes = self._left(source)
                outcome.files = [str(path) for path in self.paths(source, missing or self.formats)]
            except (InputError, OSError) as error:  # the second: a name that this file system does not take
                why = f"{source}: {error.strerror}; rename it" if isinstance(error, OSError) else str(error)
                missing, outcome.status, outcome.error = (), "failed", why
            planned[source] = missing, outcome
        return planned

    def _left(self, source: Path) -> tuple[list[str], list[str]]:
        """Formats whose first file, which appears last, is not there, and what is to be said of the others."""
        missing, older = [], []
        changed = source.stat().st_mtime if source.exists() else 0.0
        for name in self.formats:
            first, *others = self.paths(source, [name])
            if not first.exists():
                missing.append(name)
                continue
            if lost := [path.name for path in others if not path.exists()]:
                raise InputError(first, f"{lost[0]}, which belongs to it, is gone", "give --overwrite to write both")
            kind = "folder" if name in self.folders else "file"
            if first.is_dir() != (kind == "folder"):
                raise InputError(first, f"no {kind}, where a result should be", "move it away")
            if not (any(first.iterdir()) if first.is_dir() else first.stat().st_size):
                raise InputError(first, f"an empty {kind}, where a result should be", "move it away")
            if first.stat().st_mtime < changed:
                older.append(first.name)
        were = "were" if len(older) > 1 else "was"
        return missing, [f"changed since {' and '.join(older)} {were} written"] if older else []

    @contextmanager
    def made(self) -> Iterator[None]:
        """Within it the folder is there; one that was made for nothing is taken away again.

        Raises:
            InputError: it cannot be made.
        """
        try:
            missing = not self.directory.is_dir()
            self.directory.mkdir(parents=True, exist_ok=True)
            remove_leftovers(self.directory)
        except OSError as error:
            raise InputError(self.directory, f"cannot be made ({error.strerror})", "give another with -o") from error
        try:
            yield
        finally:
            if missing and not any(self.directory.iterdir()):
                self.directory.rmdir()


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


def check_collisions(results: Mapping[Path, Sequence[Path]], inputs: Collection[Path]) -> dict[Path, InputError]:
    """Refuses results that would replace an input.

    Args:
        results: of each source.
        inputs: files that must stay.

    Returns:
        The sources whose results are also those of an earlier one, each with the error to raise.

    Raises:
        InputError: a result would replace an input; names both files.
    """
    shared: dict[Path, InputError] = {}
    kept = {_resolved(file): file for file in inputs}
    owner: dict[Path, Path] = {}
    for source, paths in results.items():
        for result in paths:
            place = _resolved(result)
            if place in kept:
                raise InputError(result, f"would overwrite the input {kept[place]}", "choose another folder with -o")
            if place in owner:
                why = f"would write the same file as {owner[place]} ({result})"
                shared[source] = InputError(source, why, "process them in separate runs with -o")
            owner.setdefault(place, source)
    return shared


def _resolved(path: Path) -> Path:
    """The path without links; as it stands where that cannot be found out, so that a loop stops no other file."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # the second: a loop, up to Python 3.12
        return path.absolute()
