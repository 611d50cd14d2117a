import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rich.console import Console

from tests.refusal import refusal_of
from twostage_hdr.cli.batch import Picture, ahead, picture_files, run_batch
from twostage_hdr.cli.destination import Destination
from twostage_hdr.cli.outcome import Outcome, Report
from twostage_hdr.errors import InputError


def test_every_item_arrives_in_order():
    assert list(ahead(iter(range(50)), 2)) == list(range(50))


def test_no_more_items_are_made_than_may_wait():
    made: list[int] = []
    items = ahead((made.append(number) or number for number in range(50)), 2)
    assert next(items) == 0
    time.sleep(0.2)
    assert made == [0, 1, 2]
    items.close()


def test_an_error_arrives_after_the_items_before_it():
    def failing() -> Iterator[int]:
        yield 1
        raise InputError("a", "1 of 2")

    items = ahead(failing(), 2)
    assert next(items) == 1
    with refusal_of("a", "1 of 2"):
        next(items)


def _band(value: int) -> np.ndarray:
    return np.full((2, 3, 3), value, np.float32)


def _done(folder: Path, read, names: list[str]) -> list[Outcome]:
    destination = Destination(directory=folder, formats=["exr"])
    plan = destination.plan({Path(name): [Path(name)] for name in names})
    report = Report(console=Console(quiet=True), as_json=True)
    with picture_files(plan, read, destination) as make:
        run_batch(plan, make, report)
    return report.outcomes


def test_each_outcome_is_known_as_soon_as_its_files_are_written(tmp_path):
    first_is_there = threading.Event()

    def rows(wait: bool):
        yield _band(1)
        if wait:
            deadline = time.monotonic() + 10
            while not (tmp_path / "first.exr").is_file() and time.monotonic() < deadline:
                time.sleep(0.01)
            first_is_there.set() if (tmp_path / "first.exr").is_file() else None

    def read(path):
        if path.name == "bad":
            raise InputError("bad", "no picture")
        return Picture(height=2, width=3, rows=rows(path.name == "second"))

    outcomes = _done(tmp_path, read, ["first", "second", "bad", "other/first", "third"])
    assert first_is_there.is_set()
    assert [(outcome.input, outcome.status) for outcome in outcomes] == [
        ("first", "done"),
        ("second", "done"),
        ("bad", "failed"),
        ("other/first", "failed"),
        ("third", "done"),
    ]
    assert "would write the same file as first" in outcomes[3].error


def test_the_rest_of_a_picture_that_cannot_be_written_is_not_computed(tmp_path):
    (tmp_path / "full.exr").mkdir()
    (tmp_path / "full.exr" / "mine").touch()
    computed: list[int] = []

    def rows():
        for number in range(100):
            computed.append(number)
            yield _band(number)

    def read(path):
        return Picture(height=200, width=3, rows=rows() if path.name == "full" else [np.ones((200, 3, 3), np.float32)])

    destination = Destination(directory=tmp_path, formats=["exr"], overwrite=True)
    plan = destination.plan({Path(name): [Path(name)] for name in ("full", "other")})
    report = Report(console=Console(quiet=True), as_json=True)
    with picture_files(plan, read, destination) as make:
        run_batch(plan, make, report)
    assert [outcome.status for outcome in report.outcomes] == ["failed", "done"]
    assert len(computed) < 100
