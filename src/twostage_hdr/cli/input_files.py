"""Which files a command is to work on, and whether its results would harm them."""

import glob
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from twostage_hdr.boundary.refusal import one_line
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.formats import FORMATS, result_format
from twostage_hdr.inference.reconstruct_video import VIDEO_ENDINGS

BRACKET_ENDING = "_bracket"
"""What the results of a bracket add to the stem of its first frame."""


class FoundFiles(NamedTuple):
    """What a command was given."""

    files: list[Path]
    """To work on, each once."""
    nothing: dict[str, str]
    """Folders and patterns without such files, and names that cannot be used, each with what to tell the user."""


def find_files(
    names: Sequence[str],
    suffixes: Collection[str],
    what: str,
    *,
    wanted: Callable[[Path], bool] = lambda _: True,
    from_pattern: Callable[[Path], bool] = lambda _: True,
) -> FoundFiles:
    """Named files whatever they are, what globs match, and from folders what has a known suffix.

    Args:
        names: files, folders and glob patterns.
        suffixes: taken from folders, lower case with the dot.
        what: what is looked for, plural, for the error.
        wanted: further condition on a folder's files.
        from_pattern: further condition on what a pattern matches.
    """
    found: dict[Path, None] = {}
    nothing: dict[str, str] = {}

    def refuse(name: object, seen: str, cure: str) -> None:
        nothing[_printable(name)] = str(InputError(_printable(name), seen, cure))

    for name in names:
        try:
            kind, paths = _matching(name, suffixes)
        except (OSError, ValueError) as error:  # the second: a NUL in the name
            refuse(name, one_line(error), "name another file or folder")
            continue
        for path in paths:
            try:
                if _printable(path) != str(path):
                    refuse(path, "a name that is not UTF-8", "rename it")
                elif kind == "name" or (wanted if kind == "folder" else from_pattern)(path):
                    found[path] = None
            except OSError as error:  # a loop of links, a file that may not be looked at
                refuse(path, one_line(error), "see to its permissions or take it away")
            except InputError as error:
                nothing[_printable(path)] = str(error)
        if not any(path in found or _printable(path) in nothing for path in paths):
            if kind == "folder":
                refuse(name, f"a folder without {what} ({', '.join(sorted(suffixes))})", "name another one")
            else:
                refuse(name, "matches no file", "quote the pattern, or name the files")
    return FoundFiles(list(found), nothing)


def _matching(name: str, suffixes: Collection[str]) -> tuple[Literal["name", "folder", "pattern"], list[Path]]:
    """The files that one name of the user stands for, and what it is."""
    path = Path(name)
    if path.is_dir():
        return "folder", sorted(file for file in path.iterdir() if file.suffix.lower() in suffixes)
    if path.exists() or not glob.has_magic(name):
        return "name", [path]
    return "pattern", [Path(match) for match in sorted(glob.glob(name, recursive=True))]  # noqa: PTH207 - absolute too


def _printable(name: object) -> str:
    """The name with bytes that are no UTF-8 spelt out: no library takes them, and no terminal shows them."""
    return str(name).encode("utf-8", "backslashreplace").decode("utf-8")


def is_result(path: Path) -> bool:
    """Whether a file is one that this suite made of another file beside it: `street_hdr.png` beside `street.jpg`."""
    first, bracket, _ = path.stem.rpartition(BRACKET_ENDING)
    if bracket and any(path.parent.glob(f"{glob.escape(first)}.*")):
        return True
    endings = {ending for name in FORMATS for ending in result_format(name).endings} | {*VIDEO_ENDINGS.values()}
    added = (ending for ending in endings if ending.startswith("_") and path.name.endswith(ending))
    return any(_is_of(path, path.name.removesuffix(ending)) for ending in added)


def _is_of(result: Path, stem: str) -> bool:
    """Whether what the stem stands for lies beside its result; see `result_stem`."""
    name, _, suffix = stem.rpartition("_")
    if suffix and result.with_name(f"{name}.{suffix}").exists():
        return True
    return any(other.stem == stem and other != result for other in result.parent.glob(f"{glob.escape(stem)}.*"))
