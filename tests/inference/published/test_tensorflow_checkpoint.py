"""Against TensorFlow's own: `INDEX` and `NUMBERS` are what `tf.train.Saver` of TensorFlow 2.15 and 2.21 wrote."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from tests.refusal import refusal_of
from twostage_hdr.errors import InputError
from twostage_hdr.inference.published.tensorflow_checkpoint import DATA, read_checkpoint

INDEX = bytes.fromhex(
    "00000608011a020801000b0b676c6f62616c5f7374657008091200280835bbd79f11000d116e65742f636f6e762f62696173080112041202"
    "08022008280835ab5e61a20906196b65726e656c0801120c12020801120208021202080320102818354dc9c03704050d706f776572080112"
    "002028280435fdebc7df000000000100000000ef74c6a2000000000100000000c0f2a1b00001036f0082010000000001000000007ee6b623"
    "87010894010f0000000000000000000000000000000000000000000000000000000000000000000057fb808b247547db"
)
NUMBERS = bytes.fromhex("0700000000000000000080bf00002040000000000000803e0000003f0000403f0000803f0000a03f6666663f")
TENSORS = {
    "net/conv/bias": np.array([-1, 2.5]),
    "net/conv/kernel": np.arange(6).reshape(1, 2, 3) / 4,
    "net/power": np.array(0.9, np.float32),
}
"""And an int64, `global_step`."""


def varint(number: int) -> bytes:
    groups = [number >> shift & 127 for shift in range(0, max(number.bit_length(), 1), 7)]
    return bytes([*(group | 128 for group in groups[:-1]), groups[-1]])


def block(entries: list[tuple[bytes, bytes]]) -> bytes:
    """Whole keys; then one place for searching, no compression, and a checksum, which is not looked at."""
    rows = b"".join(varint(0) + varint(len(k)) + varint(len(v)) + k + v for k, v in entries)
    return rows + bytes(4) + (1).to_bytes(4, "little") + bytes(5)


def write_checkpoint(index: Path, tensors: dict[str, np.ndarray], *, in_a_block: int = 100) -> None:
    """The format, from LevelDB's and TensorFlow's descriptions of it."""
    entries, offset = [(b"", b"\x08\x01")], 0
    with index.with_suffix(DATA).open("wb") as file:
        for name, value in sorted(tensors.items()):
            sides = b"".join(b"\x12" + varint(1 + len(varint(side))) + b"\x08" + varint(side) for side in value.shape)
            kind = b"\x08\x01" if value.dtype == np.float32 else b"\x08\x02"
            place = b"\x20" + varint(offset) + b"\x28" + varint(value.nbytes)
            entries.append((name.encode(), kind + b"\x12" + varint(len(sides)) + sides + place))
            offset += file.write(value.tobytes())
    content, handles = b"", []
    for start in range(0, len(entries), in_a_block):
        written = block(entries[start : start + in_a_block])
        handles.append((entries[start][0] + b"~", varint(len(content)) + varint(len(written) - 5)))
        content += written
    places = block(handles)
    footer = varint(0) + varint(0) + varint(len(content)) + varint(len(places) - 5)
    index.write_bytes(content + places + footer.ljust(40, b"\0") + bytes.fromhex("57fb808b247547db"))


def written(folder: Path, index: bytes = INDEX, numbers: bytes = NUMBERS) -> Path:
    path = folder / "model.ckpt.index"
    path.write_bytes(index)
    path.with_suffix(DATA).write_bytes(numbers)
    return path


def assert_same(tensors: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert tensors.keys() == expected.keys()
    for name, value in expected.items():
        assert tensors[name].dtype == np.float32
        np.testing.assert_array_equal(tensors[name], value)
        assert tensors[name].shape == value.shape


def test_tensorflows_tensors_come_back_and_other_types_are_left_out(tmp_path: Path) -> None:
    assert_same(read_checkpoint(written(tmp_path)), TENSORS)


@pytest.mark.slow
def test_what_tensorflow_writes_here_is_read(tmp_path: Path) -> None:
    """An index of several blocks."""
    tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed").compat.v1
    rng = np.random.default_rng(0)
    names = [f"{'a_long_scope/' * 8}layer_{k}/kernel" for k in range(3000)]
    values = {name: rng.random(rng.integers(1, 4, rng.integers(0, 5)), np.float32) for name in names}
    with tf.Graph().as_default(), tf.Session() as session:
        variables = {name: tf.Variable(value) for name, value in values.items()}
        session.run(tf.global_variables_initializer())
        tf.train.Saver(variables).save(session, str(tmp_path / "model.ckpt"))
    assert_same(read_checkpoint(tmp_path / "model.ckpt.index"), values)


def test_tensors_of_several_blocks_are_read(tmp_path: Path) -> None:
    values = {f"layer_{k}/kernel": np.full((k, 2), k, np.float32) for k in range(10)}
    write_checkpoint(tmp_path / "model.ckpt.index", values, in_a_block=3)
    assert_same(read_checkpoint(tmp_path / "model.ckpt.index"), values)


@pytest.mark.parametrize(
    ("index", "numbers", "seen"),
    [
        (INDEX[:-1], NUMBERS, INDEX[-9:-1].hex()),
        (INDEX[40:], NUMBERS, "TensorFlow"),
        (INDEX.replace(b"\0" * 4 + b"\x01\0\0\0\0\xef", b"\0" * 4 + b"\x01\0\0\0\x01\xef"), NUMBERS, "type 1"),
        (INDEX, NUMBERS[:-1], f"model.ckpt{DATA}"),
        (INDEX.replace(b"\x08\x03\x20", b"\x08\x04\x20"), NUMBERS, "(1,2,4)"),
        (b"words\n" * 50, NUMBERS, b"s\nwords\n".hex()),
        (INDEX, b"", "0 bytes"),
    ],
    ids=["cut short", "without its start", "compressed", "numbers cut short", "other shape", "text", "no numbers"],
)
def test_what_is_damaged_is_refused_in_one_line(index: bytes, numbers: bytes, seen: str, tmp_path: Path) -> None:
    with refusal_of("model.ckpt.index" if numbers else DATA, seen):
        read_checkpoint(written(tmp_path, index, numbers))


def test_a_block_that_is_listed_many_times_is_not_read_many_times(tmp_path: Path) -> None:
    blocks = block([(b"name", bytes(2000))] * 10)
    places = block([(b"name", varint(0) + varint(len(blocks) - 5))] * 10_000)
    footer = varint(0) + varint(0) + varint(len(blocks)) + varint(len(places) - 5)
    index = written(tmp_path, blocks + places + footer.ljust(40, b"\0") + INDEX[-8:])
    with refusal_of(index, index.stat().st_size):
        read_checkpoint(index)


def test_no_changed_byte_makes_another_error_than_a_refusal(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for place in range(len(INDEX)):
        changed = bytearray(INDEX)
        changed[place] = rng.integers(256)
        with suppress(InputError):
            read_checkpoint(written(tmp_path, bytes(changed)))


def test_an_index_without_its_numbers_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.with_suffix(DATA).unlink()
    with refusal_of(path.with_suffix(DATA), ".index"):
        read_checkpoint(path)
