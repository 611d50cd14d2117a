import io
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from twostage_hdr.errors import InputError
from twostage_hdr.inference.published.object_array import read_object_array


def as_objects(arrays: list) -> np.ndarray:
    outer = np.empty(len(arrays), dtype=object)
    outer[:] = arrays
    return outer


def test_arrays_come_back_as_numpy_wrote_them(tmp_path: Path) -> None:
    arrays = [np.random.default_rng(0).random(shape).astype(np.float32) for shape in [(3, 3, 3, 4), (4,), (1, 1, 2, 2)]]
    np.savez(tmp_path / "weights.npz", params=as_objects(arrays))
    found = read_object_array(tmp_path / "weights.npz", "params")
    for ours, theirs in zip(found, np.load(tmp_path / "weights.npz", allow_pickle=True)["params"], strict=True):
        np.testing.assert_array_equal(ours, theirs)
        assert ours.dtype == theirs.dtype


def test_the_module_name_and_byte_strings_of_old_numpy_are_understood(tmp_path: Path) -> None:
    arrays = as_objects([np.arange(6.0).reshape(2, 3), np.arange(5.0)])
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|O", "fortran_order": False, "shape": (2,)})
    old = pickle.dumps(arrays, protocol=2).replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    with zipfile.ZipFile(tmp_path / "weights.npz", "w") as archive:
        archive.writestr("params.npy", header.getvalue() + old)
    found = read_object_array(tmp_path / "weights.npz", "params")
    np.testing.assert_array_equal(found[0], arrays[0])
    np.testing.assert_array_equal(found[1], arrays[1])


class Hostile:
    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple:
        return os.system, (self.command,)


def test_foreign_code_is_not_run(tmp_path: Path) -> None:
    np.savez(tmp_path / "weights.npz", params=as_objects([np.zeros(2), Hostile(f"touch {tmp_path}/ran")]))
    with pytest.raises(InputError, match=r"it names (posix|nt)\.system"):
        read_object_array(tmp_path / "weights.npz", "params")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [np.zeros(3), as_objects([np.zeros(2), "text"]), as_objects([as_objects([1])])])
def test_anything_but_arrays_of_numbers_is_refused(content: np.ndarray, tmp_path: Path) -> None:
    np.savez(tmp_path / "weights.npz", params=content)
    with pytest.raises(InputError, match=r"weights\.npz: 'params' is not a list of arrays"):
        read_object_array(tmp_path / "weights.npz", "params")


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_object_array(tmp_path / "nothing.npz", "params")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(InputError, match=r"not an \.npz archive"):
        read_object_array(tmp_path / "text.npz", "params")
    np.savez(tmp_path / "other.npz", something=np.zeros(2))
    with pytest.raises(InputError, match="with an array 'params'"):
        read_object_array(tmp_path / "other.npz", "params")


def test_an_array_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twostage_hdr.inference.published.object_array.MAX_BYTES", 100)
    np.savez(tmp_path / "weights.npz", params=as_objects([np.zeros(200)]))
    with pytest.raises(InputError, match="more than 100"):
        read_object_array(tmp_path / "weights.npz", "params")
