import threading

import numpy as np
import pytest

from twostage_hdr.cli.batch import AbandonedError, RowPipe


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
