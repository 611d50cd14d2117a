"""When the pictures and sounds of a video are shown and heard, counted from its beginning."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

_BACK = Fraction(1, 10)
"""s: a clock that goes back by more has started again: recordings were joined."""
_FORTH = 10
"""s: one that leaps by more, too; FFmpeg's threshold."""
_FULL = Fraction(2**33, 90_000)
"""s: the clock of a transport stream has 33 bits and begins again after 26.5 h."""
_LEAST_STEP = Fraction(1, 10_000)
"""s: between times of one stream; at least a tick of any container's."""


class Stamp(NamedTuple):
    """When a packet of a stream is decoded, when it is shown or heard, and for how long, s."""

    stream: int
    decoded: Fraction
    shown: Fraction
    duration: Fraction


class _Clock:
    """Reads the times of one stream, s."""

    def __init__(self) -> None:
        self._before: Fraction | None = None

    def read(self, time: Fraction) -> tuple[Fraction, bool]:
        """The time as a clock that is never full would tell it, and whether another recording begins there."""
        before = time if self._before is None else self._before
        time += round((before - time) / _FULL) * _FULL  # where it is full, FFmpeg counts some times on, and some not
        self._before = time
        return time, time < before - _BACK or time > before + _FORTH


def part_offsets(stamps: Iterable[Stamp]) -> dict[int, list[Fraction]]:
    """What to add to each stream's times in each part of joined recordings, s, so that the video begins at 0.

    A part begins where the part before has ended in all streams, and keeps the order of its pictures and sounds. Where
    streams differ in their number of parts (a part without sound), each is put together by itself.

    Args:
        stamps: all packets in the file's order.
    """
    parts: dict[int, list[tuple[Fraction, Fraction]]] = {}
    clocks: dict[int, _Clock] = {}
    for stream, decoded, shown, duration in stamps:
        told, another = clocks.setdefault(stream, _Clock()).read(decoded)
        begin = shown + round((told - shown) / _FULL) * _FULL
        mine = parts.setdefault(stream, [])
        if another or not mine:
            mine.append((begin, begin + duration))
        else:
            mine[-1] = min(mine[-1][0], begin), max(mine[-1][1], begin + duration)
    if len({len(mine) for mine in parts.values()}) == 1:
        aligned = zip(*parts.values(), strict=True)
        together = [(min(begin for begin, _ in part), max(end for _, end in part)) for part in aligned]
        return dict.fromkeys(parts, _one_after_the_other(together))
    return {stream: _one_after_the_other(mine) for stream, mine in parts.items()}


def are_together(offsets: Mapping[int, Sequence[Fraction]]) -> bool:
    """Whether all streams have the same number of parts."""
    return len({len(mine) for mine in offsets.values()}) < 2


def _one_after_the_other(parts: Sequence[tuple[Fraction, Fraction]]) -> list[Fraction]:
    offsets, reached = [], Fraction(0)
    for begin, end in parts:
        offsets.append(reached - begin)
        reached += end - begin
    return offsets


class Timeline:
    """Times of one stream from the start of its video, which always grow.

    Args:
        tick: unit of the times, s.
        offsets: what to add to the times of each part, s; of one part, joins are not looked for.
    """

    def __init__(self, *, tick: Fraction, offsets: Sequence[Fraction] = (Fraction(0),)) -> None:
        self._tick, self._coming = tick, list(offsets)
        self._offset = self._coming.pop(0)
        self._step = max(round(_LEAST_STEP / tick), 1)
        self._clock = _Clock()
        self._last: int | None = None

    def place(self, ticks: int | None) -> int:
        """The time of the next frame or packet, in ticks.

        Args:
            ticks: what the file says; None if it says nothing.
        """
        if ticks is None:
            placed = 0
        else:
            told, another = self._clock.read(ticks * self._tick)
            if another and self._coming:
                self._offset = self._coming.pop(0)
            placed = round((told + self._offset) / self._tick)
        self._last = placed if self._last is None else max(placed, self._last + self._step)
        return self._last
