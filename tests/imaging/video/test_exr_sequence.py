import numpy as np
import OpenEXR
import pytest

from tests.refusal import refusal_of
from twostage_hdr.imaging.result_format import ResultOptions
from twostage_hdr.imaging.video.exr_sequence import exr_sequence


def test_frames_are_numbered_from_one_and_openexr_reads_them(tmp_path, scene) -> None:
    (tmp_path / "clip_exr").mkdir()
    (tmp_path / "clip_exr" / "clip.000003.exr").write_text("replaced")
    with exr_sequence(tmp_path / "clip_exr", "clip", ResultOptions(half=False)) as write:
        write(scene, 1.0)
        write(scene * 2, 1.0)
    assert sorted(path.name for path in (tmp_path / "clip_exr").iterdir()) == ["clip.000001.exr", "clip.000002.exr"]
    with OpenEXR.File(str(tmp_path / "clip_exr" / "clip.000002.exr")) as second:
        np.testing.assert_array_equal(second.channels()["RGB"].pixels, scene * 2)


def test_a_failure_leaves_what_was_there(tmp_path, scene) -> None:
    (tmp_path / "clip_exr").mkdir()
    (tmp_path / "clip_exr" / "clip.000001.exr").write_text("kept")

    def stop() -> None:
        with exr_sequence(tmp_path / "clip_exr", "clip") as write:
            write(scene, 1.0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stop()
    assert [path.name for path in tmp_path.rglob("*")] == ["clip_exr", "clip.000001.exr"]


def test_a_file_of_the_folders_name_is_refused(tmp_path) -> None:
    (tmp_path / "clip_exr").write_text("mine")
    with refusal_of(tmp_path / "clip_exr", "file"), exr_sequence(tmp_path / "clip_exr", "clip"):
        pass


def test_a_link_is_refused_and_nothing_is_left(tmp_path) -> None:
    (tmp_path / "real").mkdir()
    for target in ("real", "nowhere"):
        (tmp_path / "clip_exr").unlink(missing_ok=True)
        (tmp_path / "clip_exr").symlink_to(tmp_path / target)
        with refusal_of(tmp_path / "clip_exr", tmp_path / target), exr_sequence(tmp_path / "clip_exr", "clip"):
            pass
        assert sorted(path.name for path in tmp_path.iterdir()) == ["clip_exr", "real"]


def test_what_file_managers_leave_does_not_matter(tmp_path, scene) -> None:
    (tmp_path / "clip_exr").mkdir()
    (tmp_path / "clip_exr" / ".DS_Store").touch()
    with exr_sequence(tmp_path / "clip_exr", "clip") as write:
        write(scene, 1.0)
    assert [path.name for path in (tmp_path / "clip_exr").iterdir()] == ["clip.000001.exr"]


def test_a_folder_that_holds_anything_else_is_not_replaced(tmp_path) -> None:
    (tmp_path / "clip_exr").mkdir()
    (tmp_path / "clip_exr" / "notes.txt").write_text("mine")
    with refusal_of(tmp_path / "clip_exr" / "notes.txt"), exr_sequence(tmp_path / "clip_exr", "clip"):
        pass
    assert [path.name for path in tmp_path.rglob("*")] == ["clip_exr", "notes.txt"]
