import errno
import os
import socket
from pathlib import Path

from tests.refusal import refusal_of
from twostage_hdr.boundary.refusal import shown_name
from twostage_hdr.boundary.regular_file import open_regular, read_bytes, read_text, regular_file


def _assert_refused(path, *values, **limits) -> None:
    with refusal_of(shown_name(path), *values) as caught:
        read_bytes(path, **limits)
    assert caught.value.cure


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
    _assert_refused(tmp_path / "pipe", "pipe")


def test_devices_and_sockets_are_refused(tmp_path):
    _assert_refused(Path("/dev/zero"), "device")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        _assert_refused(tmp_path / "socket")


def test_what_is_no_readable_file_is_refused(tmp_path):
    (tmp_path / "empty").touch()
    (tmp_path / "loop").symlink_to("loop")
    _assert_refused(tmp_path / "missing")
    _assert_refused(tmp_path, "folder")
    _assert_refused(tmp_path / "empty", "0 bytes")
    _assert_refused(tmp_path / "loop", os.strerror(errno.ELOOP))
    _assert_refused(tmp_path / ("n" * 300), os.strerror(errno.ENAMETOOLONG))
    _assert_refused("a\0b")


def test_a_file_is_not_read_beyond_its_limit(tmp_path):
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(2**40)
    _assert_refused(tmp_path / "sparse", f"{2**40} bytes", "10", at_most=10)
    with refusal_of(tmp_path / "sparse", f"{2**40} bytes"):
        read_text(tmp_path / "sparse")


def test_text_is_utf8_with_any_line_ends(tmp_path):
    (tmp_path / "text").write_bytes(b"\xef\xbb\xbfa\r\nb\rc\n")
    assert read_text(tmp_path / "text") == "a\nb\nc\n"
    (tmp_path / "text").write_bytes(b"abc\xff")
    with refusal_of(tmp_path / "text", "UTF-8", "byte 3"):
        read_text(tmp_path / "text")
