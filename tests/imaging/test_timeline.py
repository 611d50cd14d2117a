from fractions import Fraction

from twostage_hdr.imaging.timeline import Timeline

TICK = Fraction(1, 1000)


def test_times_count_from_the_start_of_the_file() -> None:
    timeline = Timeline(tick=TICK, start=Fraction(36_000))
    assert [timeline.place(36_000_000 + ticks, 40) for ticks in (20, 60, 100)] == [20, 60, 100]


def test_a_clock_that_starts_again_goes_on_where_it_was() -> None:
    timeline = Timeline(tick=TICK, start=Fraction(5))
    told = (5000, 5060, 5120, 5000, 5060, 5120, 5000)
    assert [timeline.place(ticks, 60) for ticks in told] == [0, 60, 120, 180, 240, 300, 360]


def test_times_that_are_missing_or_repeated_grow_and_later_ones_stay() -> None:
    timeline = Timeline(tick=TICK)
    assert [timeline.place(ticks, 40) for ticks in (0, None, 80, 80, 120)] == [0, 40, 80, 85, 120]
