"""Row by row: what is wrong is said at once, and a file that is not whole never appears."""

import re
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import OpenImageIO
import pytest

from tests.refusal import refusal_of
from twostage_hdr.imaging.exr import EXR, exr_writer
from twostage_hdr.imaging.result_format import Result, ResultOptions, WriteRows
from twostage_hdr.imaging.scanline_writer import scanline_writer

ROWS = np.ones((4, 6, 3), np.float32)


def writer(path: Path) -> AbstractContextManager[WriteRows]:
    return exr_writer(Result(paths=[path], width=6, height=8))


def test_the_file_appears_when_the_last_row_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.exr"
    with writer(path) as write_rows:
        write_rows(ROWS)
        assert not path.exists()
        write_rows(ROWS)
    assert OpenImageIO.ImageBuf(str(path)).spec().height == 8
    assert list(tmp_path.iterdir()) == [path]


def test_missing_rows_are_an_error_and_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="4 of 8"), writer(tmp_path / "a.exr") as write_rows:
        write_rows(ROWS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shape", [(9, 6, 3), (4, 5, 3)])
def test_rows_that_do_not_fit_are_refused_and_leave_nothing(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=re.escape(str(shape))), writer(tmp_path / "a.exr") as write_rows:
        write_rows(np.ones(shape, np.float32))
    assert list(tmp_path.iterdir()) == []


def test_an_error_between_rows_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.exr"
    path.write_text("old")

    def interrupted() -> None:
        with writer(path) as write_rows:
            write_rows(ROWS)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "nowhere"
    with refusal_of(folder / "a.exr", folder), writer(folder / "a.exr"):
        pass


def test_a_format_that_cannot_be_written_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    target = Result(paths=[tmp_path / "a.nosuch"], width=6, height=8)
    with pytest.raises(OSError, match=r"a\.nosuch"), scanline_writer(target, "float", {}):
        pass
    assert list(tmp_path.iterdir()) == []


def test_rows_that_are_views_are_written_in_their_order(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).random((8, 12, 3), dtype=np.float32)
    with EXR.open(
        Result(paths=[tmp_path / "a.exr"], width=6, height=8, options=ResultOptions(half=False))
    ) as write_rows:
        write_rows(picture[:, ::2])
    stored = OpenImageIO.ImageBuf(str(tmp_path / "a.exr")).get_pixels(OpenImageIO.FLOAT)
    np.testing.assert_array_equal(stored, picture[:, ::2])


def test_a_failure_in_the_last_step_leaves_the_old_file(tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        raise ZeroDivisionError

    (tmp_path / "a.exr").write_bytes(b"old")
    with (
        pytest.raises(ZeroDivisionError),
        scanline_writer(Result(paths=[tmp_path / "a.exr"], width=4, height=2), "half", {}, complete=fail) as write_rows,
    ):
        write_rows(np.zeros((2, 4, 3), np.float16))
    assert [path.name for path in tmp_path.iterdir()] == ["a.exr"]
    assert (tmp_path / "a.exr").read_bytes() == b"old"
