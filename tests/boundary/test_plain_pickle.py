import io
import pickle
import struct
import tracemalloc
import warnings
from collections import OrderedDict

import pytest

from twostage_hdr.boundary.plain_pickle import Inert, PlainUnpickler, ordered_dict, plain_set

VALUES = [
    None,
    True,
    [1, -1, 2**31, -(2**40), 2**70, 1.5, float("inf")],
    {"a": {"b": ()}, 1: (1,), ("x", 2): (1, 2), None: (1, 2, 3, 4)},
    ["text", "ä€𝄞", "x" * 300, b"bytes", b"y" * 300],
    {1, "two"},
    [[[[[]]]]],
]


def read(content: bytes) -> object:
    return PlainUnpickler(io.BytesIO(content)).load()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_plain_data_are_what_pickle_itself_reads(value: object, protocol: int) -> None:
    class Named(PlainUnpickler):
        def find_class(self, module: str, name: str) -> object:
            known = {("builtins", "set"): plain_set, ("_codecs", "encode"): lambda text, _: text.encode("latin1")}
            known |= {("builtins", "bytes"): lambda *a: bytes(*a), ("__builtin__", "set"): plain_set}
            return known.get((module, name)) or super().find_class(module, name)

    content = pickle.dumps(value, protocol=protocol)
    assert Named(io.BytesIO(content)).load() == pickle.loads(content) == value


def test_a_shared_part_stays_shared_and_a_cycle_is_read() -> None:
    part: list[object] = []
    found = read(pickle.dumps([part, part]))
    assert isinstance(found, list)
    assert found[0] is found[1]
    part.append(part)
    cycle = read(pickle.dumps(part))
    assert isinstance(cycle, list)
    assert cycle[0] is cycle


def test_it_reads_to_the_end_of_the_pickle_and_no_further() -> None:
    stream = io.BytesIO(pickle.dumps(1) + pickle.dumps("two") + b"rest")
    assert [PlainUnpickler(stream).load() for _ in range(2)] == [1, "two"]
    assert stream.read() == b"rest"


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps(print),
        pickle.dumps(OrderedDict(a=1)),
        pickle.dumps(bytearray(3)),
        pickle.dumps(bytearray(3), protocol=5),
        b"\x80\x02\x82\x01.",  # EXT1
        b"(i__main__\nx\n.",  # INST
        b"",
        b"\x80\x04",
        b".",
        b"\x80\x02h\x07.",
        b"\x80\x02)R.",
        b"\x80\x02K\x01K\x02R.",
        b"\x80\x02]K\x01K\x02s.u",
        b"\x80\x02ea.",
    ],
)
def test_everything_else_is_an_ordinary_exception(content: bytes) -> None:
    with pytest.raises(Exception):  # noqa: B017 - of many kinds, which the boundary makes one
        read(content)


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x02Nr" + struct.pack("<I", 2**32 - 1) + b".",  # a memo of four billion entries
        b"\x80\x04\x8e" + struct.pack("<Q", 2**40) + b"x.",  # a terabyte of bytes
        b"\x80\x04\x8d" + struct.pack("<Q", 2**40) + b"x.",
        b"\x80\x02B" + struct.pack("<I", 2**31) + b"x.",
        b"\x80\x02\x8b" + struct.pack("<I", 2**31 - 1) + b"x.",  # a number of two billion bytes
        b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b"x.",
    ],
)
def test_nothing_is_allocated_that_the_file_does_not_hold(content: bytes) -> None:
    tracemalloc.start()
    try:
        read(content)
    except Exception:  # refused or read: only the memory counts
        pass
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 2**20


def test_a_key_whose_hash_would_overflow_the_stack_is_refused() -> None:
    nested = b"\x80\x02})" + b"\x85" * 200_000 + b"K\x01s."
    with pytest.raises(pickle.UnpicklingError):
        read(nested)
    for make in (plain_set, ordered_dict):
        with pytest.raises(pickle.UnpicklingError):
            make([((((),),), 1)])


def test_inert_objects_take_what_they_are_given() -> None:
    class Foreign(PlainUnpickler):
        def find_class(self, module: str, name: str) -> object:
            return Inert

    for protocol in (0, 2, 4):
        assert isinstance(Foreign(io.BytesIO(pickle.dumps(ValueError("x"), protocol=protocol))).load(), Inert)


def test_escapes_that_python_warns_of_are_read_without_a_word() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(b"S'\\\x1a'\n.") == "\\\x1a"
