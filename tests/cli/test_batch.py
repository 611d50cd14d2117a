import threading
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from twostage_hdr.cli.batch import AbandonedError, Picture, RowPipe, run_batch
from twostage_hdr.cli.destination import Destination
from twostage_hdr.cli.outcome import Outcome
from twostage_hdr.errors import InputError


def _band(value: int) -> np.ndarray:
    return np.full((2, 3, 3), value, np.float32)


def _taking(pipe: RowPipe, taken: list[float], errors: list[BaseException]) -> threading.Thread:
    def take() -> None:
        try:
            taken.extend(float(rows[0, 0, 0]) for rows in pipe.bands())
        except AbandonedError as error:
            errors.append(error)

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    return thread


def test_every_band_arrives_in_order():
    taken: list[float] = []
    with RowPipe(depth=2) as pipe:
        thread = _taking(pipe, taken, [])
        assert all(pipe.put(_band(value)) for value in range(50))
    thread.join(10)
    assert taken == list(range(50))


def test_a_computation_that_fails_tells_the_writer():
    errors: list[BaseException] = []
    pipe = RowPipe()
    thread = _taking(pipe, [], errors)
    pipe.put(_band(0))
    with pytest.raises(KeyboardInterrupt), pipe:
        raise KeyboardInterrupt
    thread.join(10)
    assert len(errors) == 1


def test_a_writer_that_gives_up_does_not_keep_the_computation_waiting():
    with RowPipe(depth=1) as pipe:
        assert pipe.put(_band(0))
        threading.Timer(0.05, pipe.refuse).start()
        assert not pipe.put(_band(1))


def test_each_outcome_is_said_as_soon_as_its_files_are_written(tmp_path):
    said: list[Outcome] = []
    first_is_said = threading.Event()

    def say(outcome: Outcome) -> None:
        assert outcome.status == "failed" or (tmp_path / f"{outcome.input}.exr").is_file()
        said.append(outcome)
        first_is_said.set()

    def rows(wait: bool):
        if wait:
            assert first_is_said.wait(10), "the first outcome was kept back"
        yield _band(1)

    def read(path):
        if path.name == "bad":
            raise InputError("bad", "no picture")
        return Picture(height=2, width=3, rows=rows(path.name == "second"))

    outcomes = run_batch(
        [Path(name) for name in ("first", "second", "bad", "third")],
        read,
        destination=Destination(directory=tmp_path, formats=["exr"]),
        refused={Path("third"): "shares its results"},
        console=Console(quiet=True),
        say=say,
    )
    assert [(outcome.input, outcome.status) for outcome in outcomes] == [
        ("first", "done"),
        ("second", "done"),
        ("bad", "failed"),
        ("third", "failed"),
    ]
    assert {outcome.input for outcome in said} == {"first", "second", "bad", "third"}
    assert all(outcome in said for outcome in outcomes)
