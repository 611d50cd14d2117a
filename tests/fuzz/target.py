"""What a fuzz test knows of a reader."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Target:
    """A reader.

    Attributes:
        read: takes the path; what it returns does not matter.
        modules: of the package, below `twostage_hdr`, whose reading this covers.
        files: names, and what writes a valid file there.
    """

    read: Callable[[Path], object]
    modules: Sequence[str]
    files: dict[str, Callable[[Path], object]]
