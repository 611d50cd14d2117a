"""The arrays' names are checked where they are used: a wrong type is refused before a file exists."""

from pathlib import Path

import numpy as np
import pytest

from twostage_hdr.imaging.exr import write_exr
from twostage_hdr.imaging.preview import write_png8


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 4), (1, 4, 5, 3)])
def test_pixels_of_another_shape_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(Exception, match="linear"):
        write_exr(tmp_path / "a.exr", np.zeros(shape, np.float32))
    assert list(tmp_path.iterdir()) == []


def test_pixels_of_another_type_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="linear"):
        write_exr(tmp_path / "a.exr", np.zeros((4, 5, 3)))
    with pytest.raises(Exception, match="pixels"):
        write_png8(tmp_path / "a.png", np.zeros((4, 5, 3), np.float32))
    assert list(tmp_path.iterdir()) == []
