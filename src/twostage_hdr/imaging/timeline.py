"""When the pictures and sounds of a video are shown and heard, counted from its beginning."""

from fractions import Fraction

_JUMP = Fraction(1, 10)
"""s: a clock that goes back by more has started again, as where recordings were joined."""


class Timeline:
    """Times of one stream from the start of its file, which always grow.

    Cameras that write MPEG transport streams start their clock anywhere; where their files were joined it starts again.

    Args:
        tick: unit of the times, s.
        start: time at which the file begins, s.
    """

    def __init__(self, *, tick: Fraction, start: Fraction = Fraction(0)) -> None:
        self._offset = -round(start / tick)
        self._jump = round(_JUMP / tick)
        self._last: int | None = None
        self._end = 0  # when what came last is over

    def place(self, ticks: int | None, duration: int) -> int:
        """The time of the next frame or packet, in ticks.

        Args:
            ticks: what the file says; None if it says nothing.
            duration: how long it is shown or heard, ticks.
        """
        placed = self._end if ticks is None else ticks + self._offset
        if self._last is not None:
            if placed < self._last - self._jump:
                self._offset += self._end - placed
                placed = self._end
            placed = max(placed, self._last + max(duration // 8, 1))  # not one tick: files differ in their ticks
        self._last, self._end = placed, placed + duration
        return placed
