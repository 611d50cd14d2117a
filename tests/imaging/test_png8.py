from pathlib import Path

import cv2
import numpy as np
import torch

from twostage_hdr.imaging.png8 import eight_bit, write_png8


def test_opencv_reads_what_was_written(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (7, 5, 3), dtype=np.uint8)
    write_png8(tmp_path / "a.png", pixels)
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_UNCHANGED)[:, :, ::-1], pixels)


def test_a_file_of_the_same_name_is_replaced(tmp_path: Path) -> None:
    for value in (10, 200):
        write_png8(tmp_path / "a.png", np.full((3, 3, 3), value, np.uint8))
    assert cv2.imread(str(tmp_path / "a.png")).max() == 200
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_values_are_rounded_to_the_nearest_code_and_clipped() -> None:
    values = torch.tensor([-0.5, 0.0, 0.4 / 255, 0.6 / 255, 1.0, 7.0]).expand(3, 1, 6)
    np.testing.assert_array_equal(eight_bit(values)[0, :, 1], [0, 0, 0, 1, 255, 255])


def test_channels_and_axes_keep_their_places() -> None:
    image = torch.zeros(3, 4, 6)
    image[1, 2, 5] = 1
    assert eight_bit(image).shape == (4, 6, 3)
    assert np.argwhere(eight_bit(image)).tolist() == [[2, 5, 1]]
