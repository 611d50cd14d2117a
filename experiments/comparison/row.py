"""What a row of a table trains."""

from dataclasses import dataclass, replace
from typing import NamedTuple


@dataclass(frozen=True, kw_only=True)
class Row:
    """One trained method.

    Attributes:
        name: short, fit for a file name.
        title: as a table shows it.
        settings: of `twostage-hdr train`; all that sets the row apart from the others.
        start: name of the row whose weights it starts from, if any.
        further: whether it gets the further updates of a run that was trained before, in place of all from scratch.
        note: what a reader must know of the row.
        other_validation: how it is validated, if not on the frames and against the references of the others; the
            picture of the curves leaves such a row out.
    """

    name: str
    title: str
    settings: tuple[str, ...]
    start: str | None = None
    further: bool = False
    note: str = ""
    other_validation: str = ""

    def at_rate(self, rate: float) -> "Row":
        """The same with another learning rate."""
        return replace(self, settings=(*self.settings, f"module.optimizer.lr={rate:g}"))


class Training(NamedTuple):
    """A row with one seed, in a folder that may tell variants of a row apart."""

    row: Row
    seed: int
    variant: str = ""

    @property
    def name(self) -> str:
        """Of its folder, and of its record."""
        return f"{self.row.name}{self.variant}_seed{self.seed}"

    @property
    def start(self) -> str | None:
        """The name of the training whose weights it starts from, if any."""
        return None if self.row.start is None else f"{self.row.start}_seed{self.seed}"


def chosen(rows: tuple[Row, ...], names: list[str] | None) -> list[Row]:
    """The rows of these names in the table's order, with the rows that they start from; all without names.

    Raises:
        ValueError: a name that no row has.
    """
    known = {row.name: row for row in rows}
    unknown = [name for name in names or [] if name not in known]
    if unknown:
        raise ValueError(f"rows: {unknown[0]!r} is none of {', '.join(known)}")
    wanted = set(names or known)
    wanted |= {start for name in wanted if (start := known[name].start)}
    return [row for row in rows if row.name in wanted]
