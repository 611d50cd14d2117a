"""TensorFlow's checkpoints, read without TensorFlow (1.6 GB, to look names up in a table). They hold no code.

`NAME.index` is a LevelDB table, uncompressed, of protocol buffers (TensorFlow's tensor_bundle.proto) that say where in
`NAME.data-00000-of-00001` the numbers of each tensor lie.
"""

from collections.abc import Iterator
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from twostage_hdr.boundary.refusal import as_input_error
from twostage_hdr.boundary.regular_file import read_bytes, regular_file

DATA = ".data-00000-of-00001"
"""Ending of the file beside an `.index` that holds the numbers."""

_AT_MOST, _LONGEST_NAME = 2**18, 1000  # bytes of an index (SingleHDR's has some 50,000) and of a name in it
_FOOTER, _MAGIC = 48, 0xDB4775248B80FB57.to_bytes(8, "little")
_FLOAT32 = 1
_KIND, _SHAPE, _SIDES, _SIDE, _OFFSET, _SIZE = 1, 2, 2, 1, 4, 5  # numbers of the messages' fields


def read_checkpoint(index: Path) -> dict[str, np.ndarray]:
    """The float32 tensors by name, left on disk until they are used.

    Args:
        index: The `.index` file; its data lie beside it.

    Raises:
        InputError: Not the two files of a checkpoint, or they do not fit each other.
    """
    cure = "download it again"
    content = read_bytes(index, at_most=_AT_MOST, cure=cure)
    data = regular_file(index.with_suffix(DATA), cure="keep it beside its .index file")
    with as_input_error(index, cure, f"no TensorFlow checkpoint, or one that does not fit {data.name}"):
        if not content.endswith(_MAGIC):
            raise ValueError(f"its last bytes are {content[-len(_MAGIC) :].hex()}, a table's are {_MAGIC.hex()}")
        _notes, _their_size, *places = _integers(BytesIO(content[-_FOOTER:]), 4)
        blocks = [_integers(BytesIO(place), 2) for _, place in _entries(content, *places)]
        claimed = sum(size for _, size in blocks)
        if claimed > len(content):
            raise ValueError(f"its blocks claim {claimed} bytes, the file has {len(content)}")
        entries = chain.from_iterable(_entries(content, *block) for block in blocks)
        tensors = {name.decode(): _fields(message) for name, message in entries if name}
        numbers = np.memmap(data, np.uint8, "r")
        return {name: _array(numbers, tensor) for name, tensor in tensors.items() if tensor[_KIND] == [_FLOAT32]}


def _array(numbers: np.ndarray, tensor: dict[int, list[Any]]) -> np.ndarray:
    sides = [_fields(side).get(_SIDE, [0])[0] for side in _fields(tensor[_SHAPE][0]).get(_SIDES, [])]
    start = tensor.get(_OFFSET, [0])[0]
    return numbers[start : start + tensor[_SIZE][0]].view("<f4").reshape(sides)


def _entries(content: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a block of the table; a key may begin as the one before it."""
    block, key = content[offset : offset + size], b""
    if compression := content[offset + size]:
        raise ValueError(f"a block of it is compressed, type {compression}")
    stream, end = BytesIO(block), size - 4 * (1 + int.from_bytes(block[-4:], "little"))  # the rest is for searching
    while stream.tell() < end:
        shared, own, length = _integers(stream, 3)
        key = key[:shared] + stream.read(own)
        if len(key) > _LONGEST_NAME:
            raise ValueError("a name in it is too long")
        yield key, stream.read(length)


def _fields(message: bytes) -> dict[int, list[Any]]:
    """A protocol buffer's values, integers or bytes, by the number of their field."""
    fields: dict[int, list[Any]] = {}
    stream = BytesIO(message)
    while stream.tell() < len(message):
        (tag,) = _integers(stream, 1)
        (value,) = {1: [8], 5: [4]}.get(tag & 7) or _integers(stream, 1)
        fields.setdefault(tag >> 3, []).append(stream.read(value) if tag & 7 else value)
    return fields


def _integers(stream: BytesIO, count: int) -> list[int]:
    """Numbers in groups of seven bits, the lowest first; the top bit says that another group follows."""
    numbers = []
    for _ in range(count):
        (byte,) = stream.read(1)
        number, shift = byte & 127, 7
        while byte > 127 and shift < 70:
            (byte,) = stream.read(1)
            number, shift = number | (byte & 127) << shift, shift + 7
        numbers.append(number)
    return numbers
