import time
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader

from twostage_hdr.training.callbacks.throughput import NAMES, Progress, Throughput, WeightNorms, batches_left, duration


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

    monkeypatch.setattr("twostage_hdr.training.callbacks.throughput.time", Clock)
    trainer(callbacks=[TakesTime()], max_epochs=1).fit(supervised(), DataLoader(one_batch(17), batch_size=2))
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("About")]
    assert told == ["About 5 s of training left at 0.5 s a batch, plus validation."]


def test_the_norm_is_that_of_all_of_a_players_weights(supervised, trainer, one_batch) -> None:
    module = supervised()
    running = trainer(callbacks=[WeightNorms()])
    running.fit(module, one_batch(2).loader())
    expected = torch.cat([parameter.detach().flatten() for parameter in module.network.parameters()]).norm()
    assert float(running.callback_metrics["train/network/weight_norm"]) == pytest.approx(float(expected), rel=1e-5)


def test_the_bar_shows_all_players_losses_by_short_names_and_no_version_number(two_stage, trainer, one_batch) -> None:
    shown: list[dict] = []

    class Watched(Progress):
        def get_metrics(self, running, module):
            shown.append(super().get_metrics(running, module))
            return shown[-1]

    trainer(enable_progress_bar=True, callbacks=[Watched()]).fit(two_stage(), one_batch(3).loader())
    assert set(shown[-1]) == {"stage I", "stage II", "discrim."}
    assert all(len(short) <= 9 for short in NAMES.values())
