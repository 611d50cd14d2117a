from threading import Barrier, get_ident

import pytest
import torch

from twostage_hdr.inference.worker_pool import worker_pool


def test_each_piece_of_work_gets_a_thing_that_nobody_else_has_meanwhile() -> None:
    together, seen = Barrier(2), []

    def work(thing: str) -> None:
        together.wait(10)
        seen.append((thing, torch.is_inference_mode_enabled()))
        together.wait(10)

    with worker_pool(["a", "b"]) as run_all:
        run_all([work] * 4)
    assert sorted(seen[:2]) == sorted(seen[2:]) == [("a", True), ("b", True)]


def test_a_failure_is_raised_and_the_thing_is_lent_again() -> None:
    def fail(_: str) -> None:
        raise ValueError("no")

    done: list[str] = []
    with worker_pool(["only"]) as run_all:
        with pytest.raises(ValueError, match="no"):
            run_all([fail])
        run_all([done.append])
    assert done == ["only"]


def test_every_thread_is_set_up() -> None:
    prepared, together = set(), Barrier(2)
    with worker_pool([0, 1], initializer=lambda: prepared.add(get_ident())) as run_all:
        run_all([lambda _: together.wait(10)] * 2)
    assert len(prepared) == 2
