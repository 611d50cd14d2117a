import io

import numpy as np
import pytest

from tests.refusal import refusal_of
from twostage_hdr.boundary.numpy_file import load_npy


def _npy(header: str, data: bytes = b"") -> bytes:
    text = header.ljust(118 - 1).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


@pytest.mark.parametrize("mapped", [None, "r"])
def test_an_array_is_read(tmp_path, mapped):
    array = np.arange(12, dtype=np.uint16).reshape(3, 4)
    np.save(tmp_path / "a.npy", array)
    np.testing.assert_array_equal(load_npy(tmp_path / "a.npy", mapped=mapped), array)


@pytest.mark.parametrize(
    "content",
    [
        _npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,)}", b"12345678"),
        _npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}", b"12345678"),
        _npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", b"12345678"),
        _npy("{'descr': '<M8[s]', 'fortran_order': False, 'shape': (1,)}", b"12345678"),
        _npy("{'descr': '|V8', 'fortran_order': False, 'shape': (1,)}", b"12345678"),
        _npy("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,)}", b"12345678"),
        _npy("{'descr': '<f9', 'fortran_order': False, 'shape': (1,)}", b"12345678"),
        _npy("(" * 100, b"12345678"),
        _npy("{'descr': '<f8', 'fortran_order': False, 'shape': ('a',)}", b"12345678"),
        b"\x93NUMPY\x09\x00v\x00",
        b"\x93NUMPY",
        b"PK\x03\x04",
    ],
)
def test_what_is_no_array_of_numbers_is_refused(tmp_path, content):
    (tmp_path / "a.npy").write_bytes(content)
    with refusal_of(tmp_path / "a.npy"):
        load_npy(tmp_path / "a.npy")


def test_an_array_larger_than_expected_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(5))
    with refusal_of(tmp_path / "a.npy", "(5,)", 4):
        load_npy(tmp_path / "a.npy", at_most=4)


def test_a_pickle_is_never_run(tmp_path):
    stream = io.BytesIO()
    np.save(stream, np.array([{}], dtype=object), allow_pickle=True)
    (tmp_path / "a.npy").write_bytes(stream.getvalue())
    with refusal_of(tmp_path / "a.npy", "dtype"):
        load_npy(tmp_path / "a.npy", kinds="biufO")
