import os
import socket
from pathlib import Path

import pytest

from twostage_hdr.boundary.regular_file import open_regular, read_bytes, read_text, regular_file
from twostage_hdr.errors import InputError


def _seen(path, **limits) -> str:
    with pytest.raises(InputError) as caught:
        read_bytes(path, **limits)
    assert caught.value.cure
    return caught.value.seen


def test_a_file_is_read(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert read_bytes(tmp_path / "a") == b"abc"
    assert regular_file(tmp_path / "a") == tmp_path / "a"
    with open_regular(tmp_path / "a") as file:
        assert file.read(2) == b"ab"


def test_a_link_to_a_file_is_one(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "b").symlink_to("a")
    assert read_bytes(tmp_path / "b") == b"abc"


def test_a_pipe_without_a_writer_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "pipe" in _seen(tmp_path / "pipe")


def test_devices_and_sockets_are_refused(tmp_path):
    assert "device" in _seen(Path("/dev/zero"))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        assert "cannot be opened" in _seen(tmp_path / "socket")


def test_what_is_no_readable_file_is_refused(tmp_path):
    (tmp_path / "empty").touch()
    (tmp_path / "loop").symlink_to("loop")
    assert "no such file" in _seen(tmp_path / "missing")
    assert "folder" in _seen(tmp_path)
    assert "empty" in _seen(tmp_path / "empty")
    assert "cannot be opened" in _seen(tmp_path / "loop")
    assert "cannot be opened" in _seen(tmp_path / ("n" * 300))
    assert "cannot be opened" in _seen("a\0b")


def test_a_file_is_not_read_beyond_its_limit(tmp_path):
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(2**40)
    assert "1099511627776 bytes" in _seen(tmp_path / "sparse", at_most=10)
    with pytest.raises(InputError):
        read_text(tmp_path / "sparse")


def test_text_is_utf8_with_any_line_ends(tmp_path):
    (tmp_path / "text").write_bytes(b"\xef\xbb\xbfa\r\nb\rc\n")
    assert read_text(tmp_path / "text") == "a\nb\nc\n"
    (tmp_path / "text").write_bytes(b"abc\xff")
    with pytest.raises(InputError) as caught:
        read_text(tmp_path / "text")
    assert "byte 3" in caught.value.seen
