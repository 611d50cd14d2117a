import numpy as np

from twostage_hdr.inference.spooled_rows import SpooledRows


def test_rows_come_back_as_they_were_in_any_band_height(tmp_path):
    image = np.random.default_rng(0).random((37, 5, 3), dtype=np.float32)
    with SpooledRows(tmp_path, 5) as spool:
        for top in range(0, 37, 10):
            spool.append(image[top : top + 10])
        for step in (1, 8, 100):
            np.testing.assert_array_equal(np.concatenate(list(spool.bands(step))), image)


def test_nothing_stays_on_disk(tmp_path):
    with SpooledRows(tmp_path, 2) as spool:
        spool.append(np.ones((2, 2, 3), np.float32))
        assert list(tmp_path.iterdir()) == []
    assert list(tmp_path.iterdir()) == []
