import time
from typing import Any

import pytest
from torch.utils.data import DataLoader

from twostage_hdr.training.throughput import Throughput, batches_left, duration


class Slow(DataLoader):
    """Takes its time for every batch."""

    def __iter__(self) -> Any:
        for batch in super().__iter__():
            time.sleep(0.05)
            yield batch


def test_the_time_waiting_for_data_is_told_from_the_step(supervised, trainer, one_batch) -> None:
    speed = Throughput()
    trainer(callbacks=[speed], max_epochs=1).fit(supervised(), Slow(one_batch(30), batch_size=2))
    assert speed.seconds is not None
    assert 0.04 < speed.waiting < speed.seconds


@pytest.mark.parametrize(("seconds", "said"), [(12, "12 s"), (100, "2 min"), (12_060, "3 h 21 min")])
def test_durations_read_like_a_clock(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_what_is_left_counts_this_epochs_rest_and_the_others() -> None:
    assert batches_left(3, 10, epoch=1, epochs=3) == 6 + 10
    assert batches_left(9, 10, epoch=2, epochs=3) == 0
    assert batches_left(3, 10, epoch=1, epochs=-1) is None


def test_the_estimate_is_that_of_typical_batches_not_of_the_first_ones(
    supervised, trainer, one_batch, monkeypatch, capsys
) -> None:
    """A clock that gives the first two batches 10 s, one a pause of 7 s, and all others half a second."""
    steps = iter([10.0, 10.0, 0.5, 7.0, *[0.5] * 100])
    now = 0.0

    class Clock:
        @staticmethod
        def perf_counter() -> float:
            return now

    class TakesTime(Throughput):
        def on_train_batch_end(self, *arguments: Any) -> None:
            nonlocal now
            now += next(steps)
            super().on_train_batch_end(*arguments)

    monkeypatch.setattr("twostage_hdr.training.throughput.time", Clock)
    trainer(callbacks=[TakesTime()], max_epochs=1).fit(supervised(), DataLoader(one_batch(17), batch_size=2))
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("About")]
    assert told == ["About 5 s of training to go, 0.5 s a batch; validation comes on top."]
