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
