import io
import pickle
import struct
import tracemalloc
import zipfile
from collections import OrderedDict, defaultdict
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from twostage_hdr.boundary.torch_file import foreign_part, read_torch_file


def assert_same(one: object, other: object) -> None:
    assert type(one) is type(other)
    if isinstance(one, torch.Tensor):
        torch.testing.assert_close(one, other, rtol=0, atol=0)
    elif isinstance(one, dict):
        assert list(one) == list(other)
        for name in one:
            assert_same(one[name], other[name])
    elif isinstance(one, list | tuple):
        for left, right in zip(one, other, strict=True):
            assert_same(left, right)
    else:
        assert one == other


def checkpoint() -> dict[str, object]:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    optimizer = torch.optim.Adam(network.parameters())
    network(torch.rand(2, 3, 5, 5)).sum().backward()
    optimizer.step()
    return {
        "state_dict": network.state_dict(),
        "optimizer_states": [optimizer.state_dict()],
        "random": torch.get_rng_state(),
        "plain": [1, 2.5, None, True, "text", (1, 2), {"a": torch.Size([1, 2])}, {1, 2}, 2**70],
        "kinds": (torch.float32, torch.device("cpu")),
        "shared": [torch.arange(6).reshape(2, 3).t()] * 2,
        "half": torch.ones(3, dtype=torch.bfloat16),
    }


def test_a_checkpoint_is_what_torch_itself_reads(tmp_path: Path) -> None:
    torch.save(checkpoint(), tmp_path / "a.ckpt")
    found = read_torch_file(tmp_path / "a.ckpt")
    assert_same(found, torch.load(tmp_path / "a.ckpt", weights_only=True))
    assert isinstance(found["state_dict"], OrderedDict)
    assert found["state_dict"]._metadata == checkpoint()["state_dict"]._metadata


def test_a_flipped_byte_is_found_wherever_it_is_in_an_entry(tmp_path: Path) -> None:
    torch.save({"weights": torch.full((1000,), 0.75), "epoch": 3}, tmp_path / "a.ckpt")
    whole = (tmp_path / "a.ckpt").read_bytes()
    place = whole.index(struct.pack("<f", 0.75) * 1000)
    for offset in (place, place + 1999, place + 3999, whole.index(b"epoch")):
        content = bytearray(whole)
        content[offset] ^= 0x10
        (tmp_path / "b.ckpt").write_bytes(content)
        with pytest.raises(Exception):  # noqa: B017 - of many kinds, which the boundary makes one
            read_torch_file(tmp_path / "b.ckpt")


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_an_archive_that_unpacks_to_more_than_itself_is_refused(tmp_path: Path, compression: int) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.ckpt", "w", compression) as archive:
        archive.writestr("a/data.pkl", pickle.dumps({}, protocol=2))
        archive.writestr("a/data/0", bytes(2**22))
    if compression == zipfile.ZIP_STORED:  # entries that lie over each other: two names for the same bytes
        content = bytearray((tmp_path / "bomb.ckpt").read_bytes())
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _, second = archive.infolist()
        directory = content.index(b"PK\x01\x02")
        content[directory + 20 : directory + 28] = (second.file_size).to_bytes(4, "little") * 2
        (tmp_path / "bomb.ckpt").write_bytes(content)
    with pytest.raises(pickle.UnpicklingError):
        read_torch_file(tmp_path / "bomb.ckpt", foreign_objects=True)


@pytest.mark.parametrize("zip_format", [False, True], ids=["legacy", "zip"])
def test_a_storage_larger_than_the_file_is_refused_before_it_is_made(tmp_path: Path, zip_format: bool) -> None:
    """A few hundred bytes that ask for 4 GB."""
    path = tmp_path / "a.pth"
    torch.save({"x": torch.ones(4)}, path, _use_new_zipfile_serialization=zip_format)
    numbers = b"K\x04N" if not zip_format else b"K\x04t"  # how many values the storage has
    if zip_format:
        with zipfile.ZipFile(path) as archive:
            entries = {entry.filename: archive.read(entry) for entry in archive.infolist()}
        assert numbers in entries["a/data.pkl"]
        entries["a/data.pkl"] = entries["a/data.pkl"].replace(numbers, b"J\xff\xff\xff\x3ft")
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in entries.items():
                archive.writestr(name, content)
    else:
        content = path.read_bytes()
        assert numbers in content
        path.write_bytes(content.replace(numbers, b"J\xff\xff\xff\x3fN"))
        assert path.stat().st_size < 600
    tracemalloc.start()
    with pytest.raises(pickle.UnpicklingError, match=str(4 * 0x3FFFFFFF)):
        read_torch_file(path, foreign_objects=True)
    assert tracemalloc.get_traced_memory()[1] < 2**22
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (checkpoint(), None),
        ({"callbacks": {"Mine": {"kind": Path("x")}}}, "callbacks.Mine.kind (pathlib"),
        ({"a": [1, np.float64(2)]}, "a.1 (numpy.float64)"),
        ({"a": defaultdict(list)}, "a (collections.defaultdict)"),
        ({"a": (np.zeros(2),)}, "a.0 (numpy.ndarray)"),
    ],
)
def test_what_could_not_be_read_back_is_found_before_it_is_saved(
    tmp_path: Path, content: dict[str, object], place: str | None
) -> None:
    torch.save(content, tmp_path / "a.ckpt")
    found = foreign_part(content)
    if place is None:
        assert found is None
        read_torch_file(tmp_path / "a.ckpt")
    else:
        assert str(found).startswith(place)
        with pytest.raises(pickle.UnpicklingError):
            read_torch_file(tmp_path / "a.ckpt")


def test_a_large_file_of_zeros_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "zeros.pth"
    with path.open("wb") as file:
        file.truncate(64 << 30)
    with pytest.raises(pickle.UnpicklingError):
        read_torch_file(path, foreign_objects=True)
