from pathlib import Path

import numpy as np

from twostage_hdr.data.store.layout import fill_slots, reserve


def test_slots_filled_in_any_order_give_the_file_that_numpy_saves(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 65535, (7, 4, 4, 3), dtype=np.uint16)
    np.save(tmp_path / "numpy.npy", values)
    reserve(tmp_path / "ours.npy", "u2", values.shape)
    for first, last in ((5, 7), (0, 2), (2, 5), (0, 2)):
        fill_slots(tmp_path / "ours.npy", first, values[first:last])
    assert (tmp_path / "ours.npy").read_bytes() == (tmp_path / "numpy.npy").read_bytes()


def test_a_reserved_file_is_left_as_it_is(tmp_path: Path) -> None:
    reserve(tmp_path / "a.npy", "u1", (2, 3))
    fill_slots(tmp_path / "a.npy", 1, np.full((1, 3), 9, np.uint8))
    reserve(tmp_path / "a.npy", "u1", (2, 3))
    assert np.load(tmp_path / "a.npy").tolist() == [[0, 0, 0], [9, 9, 9]]
