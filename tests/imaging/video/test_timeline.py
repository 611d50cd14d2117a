from fractions import Fraction

import pytest

from twostage_hdr.imaging.video.timeline import Stamp, Timeline, are_together, part_offsets

MS = Fraction(1, 1000)
PICTURE, SOUND = 0, 1


def stamps(stream: int, begin: int, count: int, duration: int) -> list[Stamp]:
    """Packets that follow each other, ms."""
    times = [(begin + number * duration) * MS for number in range(count)]
    return [Stamp(stream=stream, decoded=time, shown=time, duration=duration * MS) for time in times]


def placed(stream: int, times: list[int], offsets: dict[int, list[Fraction]]) -> list[int]:
    timeline = Timeline(tick=MS, offsets=offsets[stream])
    return [timeline.place(time) for time in times]


def test_times_count_from_the_first_picture_or_sound() -> None:
    offsets = part_offsets([*stamps(SOUND, 36_000_000, 3, 30), *stamps(PICTURE, 36_000_020, 2, 40)])
    assert placed(PICTURE, [36_000_020, 36_000_060], offsets) == [20, 60]
    assert placed(SOUND, [36_000_000], offsets) == [0]


def test_a_part_begins_when_the_one_before_has_ended_in_all_streams() -> None:
    part = [*stamps(PICTURE, 1400, 5, 40), *stamps(SOUND, 1380, 6, 30)]  # 220 ms, the pictures end last
    offsets = part_offsets(part * 3)
    assert are_together(offsets)
    assert placed(PICTURE, [1400, 1560] * 3, offsets) == [20, 180, 240, 400, 460, 620]
    assert placed(SOUND, [1380, 1530] * 3, offsets) == [0, 150, 220, 370, 440, 590]


@pytest.mark.parametrize("again", [0, 100_000])
def test_a_clock_that_leaps_has_started_again(again: int) -> None:
    offsets = part_offsets([*stamps(PICTURE, 50_000, 5, 40), *stamps(PICTURE, again, 5, 40)])
    assert placed(PICTURE, [50_000, 50_160, again, again + 40], offsets) == [0, 160, 200, 240]


def test_a_clock_that_was_full_goes_on() -> None:
    full = 2**33 // 90  # ms
    shown = [full - 80, full - 40, 0, 40, 80]
    decoded = [full - 160, full - 120, full - 80, full - 40, 0]  # decoding lags behind
    packets = [Stamp(PICTURE, before * MS, time * MS, 40 * MS) for before, time in zip(decoded, shown, strict=True)]
    offsets = part_offsets(packets)
    assert len(offsets[PICTURE]) == 1
    shown[3] += full  # as FFmpeg tells some of them
    assert placed(PICTURE, shown, offsets) == pytest.approx([0, 40, 80, 120, 160], abs=1)


def test_pictures_that_are_decoded_in_another_order_are_one_part() -> None:
    shown = [0, 900, 300, 600, 1800, 1200, 1500]
    packets = [
        Stamp(stream=PICTURE, decoded=(300 * number - 600) * MS, shown=time * MS, duration=300 * MS)
        for number, time in enumerate(shown)
    ]
    assert part_offsets(packets) == {PICTURE: [0]}


def test_streams_of_unlike_parts_are_put_together_each_by_itself() -> None:
    offsets = part_offsets([*stamps(PICTURE, 0, 5, 40), *stamps(SOUND, 0, 5, 30), *stamps(PICTURE, 0, 5, 40)])
    assert not are_together(offsets)
    assert offsets == {PICTURE: [0, 200 * MS], SOUND: [0]}


def test_of_one_part_pauses_and_bursts_keep_their_times() -> None:
    times = [0, 33, 66, 100, 20_000, 20_033, 5]
    assert placed(PICTURE, times, {PICTURE: [Fraction(0)]}) == [0, 33, 66, 100, 20_000, 20_033, 20_034]


def test_times_that_are_missing_or_repeated_grow() -> None:
    timeline = Timeline(tick=MS)
    assert [timeline.place(ticks) for ticks in (0, None, 80, 80, 120)] == [0, 1, 80, 81, 120]
