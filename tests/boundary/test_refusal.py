import errno
import os

import pytest

from tests.refusal import refusal_of
from twostage_hdr.boundary.refusal import as_input_error, one_line, printable
from twostage_hdr.errors import InputError


@pytest.mark.parametrize(
    "error",
    [ValueError("bad\nvalue"), MemoryError(), RecursionError("x"), OverflowError("too\x1b[1m large"), KeyError("k")],
)
def test_whatever_a_reader_raises_becomes_one_printable_line(error):
    with refusal_of("f.exr", "export it again") as caught, as_input_error("f.exr", "export it again"):
        raise error
    assert str(caught.value).isprintable()
    assert caught.value.__cause__ is error


def test_a_refusal_stays_as_it_is():
    refusal = InputError("f.exr", "no pixels", "another")
    with refusal_of("f.exr") as caught, as_input_error("g.exr", "export it again"):
        raise refusal
    assert caught.value is refusal


@pytest.mark.parametrize("leaving", [KeyboardInterrupt, SystemExit])
def test_a_request_to_end_is_no_damaged_file(leaving):
    with pytest.raises(leaving), as_input_error("f", "c"):
        raise leaving


def test_the_system_says_what_it_says():
    with refusal_of("f", os.strerror(errno.EIO)), as_input_error("f", "c"):
        raise OSError(errno.EIO, "whatever", "f")


def test_long_words_are_cut():
    assert len(one_line(ValueError("word " * 1000))) <= 200


def test_bytes_that_are_no_text_are_spelt_out():
    assert printable("a\udcffb\x00") == "a\\udcffb\\x00"
