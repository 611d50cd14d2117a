import io
import os
import pickle
import tarfile
import zipfile
from argparse import Namespace
from collections import OrderedDict, defaultdict
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.refusal import refusal_of
from twostage_hdr.boundary.plain_pickle import Inert
from twostage_hdr.errors import InputError
from twostage_hdr.inference.published.restricted_pickle import load_inert, read_object_array

FORMATS = pytest.mark.parametrize("zip_format", [False, True], ids=["legacy", "zip"])


class Payload:
    """Runs a shell command when a plain unpickler rebuilds it."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple:
        return os.system, (f"touch {self.marker}",)


@FORMATS
def test_tensors_and_containers_come_back_as_they_were_saved(tmp_path: Path, zip_format: bool) -> None:
    base = torch.randn(4, 6)
    saved = {
        "state": OrderedDict(weight=base.t()[1:3], count=torch.tensor(7), half=torch.ones(2, dtype=torch.bfloat16)),
        "shared": base,
        "parameter": nn.Parameter(torch.arange(3.0)),
        "step": 12,
        "names": ["a", ("b", None, 1.5)],
    }
    torch.save(saved, tmp_path / "x.pth", _use_new_zipfile_serialization=zip_format)
    plain = torch.load(tmp_path / "x.pth", weights_only=True)  # the independent reader
    inert = load_inert(tmp_path / "x.pth")
    assert isinstance(inert, dict)
    assert list(inert) == list(plain)
    for name, tensor in plain["state"].items():
        torch.testing.assert_close(inert["state"][name], tensor, rtol=0, atol=0)
    torch.testing.assert_close(inert["shared"], base, rtol=0, atol=0)
    torch.testing.assert_close(inert["parameter"], torch.arange(3.0), rtol=0, atol=0)
    assert (inert["step"], inert["names"]) == (12, ["a", ("b", None, 1.5)])


@FORMATS
def test_a_payload_that_a_plain_load_runs_is_not_run(tmp_path: Path, zip_format: bool) -> None:
    marker = tmp_path / "ran"
    saved = {"tensor": torch.ones(2), "payload": Payload(marker)}
    torch.save(saved, tmp_path / "x.pth", _use_new_zipfile_serialization=zip_format)
    inert = load_inert(tmp_path / "x.pth")
    assert not marker.exists()
    assert isinstance(inert, dict)
    assert isinstance(inert["payload"], Inert)
    torch.testing.assert_close(inert["tensor"], torch.ones(2))
    torch.load(tmp_path / "x.pth", weights_only=False)  # the proof that the payload is armed
    assert marker.exists()


@pytest.mark.parametrize("position", [0, 1, 2, 3, 4])
def test_a_payload_in_any_pickle_of_a_legacy_file_is_not_run(tmp_path: Path, position: int) -> None:
    """A legacy file is five pickles in a row: magic number, protocol, system, object, storage keys."""
    marker = tmp_path / "ran"
    parts: list[object] = [torch.serialization.MAGIC_NUMBER, torch.serialization.PROTOCOL_VERSION, {}, {}, []]
    parts[position] = Payload(marker)
    (tmp_path / "x.pth").write_bytes(b"".join(pickle.dumps(part, protocol=2) for part in parts))
    with suppress(InputError):  # an inert object in the place of a header or a list of keys is refused
        load_inert(tmp_path / "x.pth")
    assert not marker.exists()


@FORMATS
def test_foreign_objects_become_inert_and_leave_their_neighbours_whole(tmp_path: Path, zip_format: bool) -> None:
    network = nn.Linear(3, 2)
    optimiser = torch.optim.Adam(network.parameters())
    network(torch.ones(1, 3)).sum().backward()
    optimiser.step()
    mapping = defaultdict(list, a=[1])
    saved = {
        "schedule": torch.optim.lr_scheduler.StepLR(optimiser, step_size=1),
        "optimiser": optimiser.state_dict(),
        "arguments": Namespace(lr=1e-3),
        "array": np.arange(3),
        "scalar": np.float64(2.0),
        "mapping": mapping,
        "set": {1, 2},
        "path": Path("x"),
        "weights": network.state_dict(),
    }
    torch.save(saved, tmp_path / "x.pth", _use_new_zipfile_serialization=zip_format)
    inert = load_inert(tmp_path / "x.pth")
    assert isinstance(inert, dict)
    for name in ("schedule", "arguments", "array", "scalar", "mapping", "path"):
        assert isinstance(inert[name], Inert), name
    torch.testing.assert_close(dict(inert["weights"]), dict(network.state_dict()), rtol=0, atol=0)
    torch.testing.assert_close(inert["optimiser"]["state"][0], optimiser.state_dict()["state"][0])


def test_a_pickle_cannot_set_attributes_on_torchs_functions(tmp_path: Path) -> None:
    # GLOBAL torch._utils._rebuild_tensor_v2, then BUILD with a state that a plain unpickler would store on it
    program = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n}U\x0cdump_patches\x88sb."
    header = [torch.serialization.MAGIC_NUMBER, torch.serialization.PROTOCOL_VERSION, {}]
    raw = b"".join(pickle.dumps(part, protocol=2) for part in header) + program + pickle.dumps([], protocol=2)
    (tmp_path / "x.pth").write_bytes(raw)
    load_inert(tmp_path / "x.pth")
    assert not hasattr(torch._utils._rebuild_tensor_v2, "dump_patches")
    assert pickle.loads(program).dump_patches  # the proof that the program is armed
    del torch._utils._rebuild_tensor_v2.dump_patches


def test_a_tensor_that_reaches_beyond_its_storage_is_refused(tmp_path: Path) -> None:
    torch.save({"x": torch.ones(4)}, tmp_path / "x.pth", _use_new_zipfile_serialization=False)
    raw = (tmp_path / "x.pth").read_bytes()
    size = b"K\x04\x85"  # the pickled size (4,)
    assert raw.count(size) == 1
    (tmp_path / "x.pth").write_bytes(raw.replace(size, b"K\xf0\x85"))
    with refusal_of(tmp_path / "x.pth"):
        load_inert(tmp_path / "x.pth")


def test_what_is_no_checkpoint_is_refused_in_one_line_that_names_the_file(tmp_path: Path) -> None:
    with refusal_of(tmp_path / "none.pth"):
        load_inert(tmp_path / "none.pth")
    (tmp_path / "text.pth").write_text("<html>not found</html>")
    with refusal_of(tmp_path / "text.pth"):
        load_inert(tmp_path / "text.pth")
    torch.save({"x": torch.ones(1000)}, tmp_path / "cut.pth")
    (tmp_path / "cut.pth").write_bytes((tmp_path / "cut.pth").read_bytes()[:700])
    with refusal_of(tmp_path / "cut.pth"):
        load_inert(tmp_path / "cut.pth")


def test_torchscript_and_tar_archives_are_refused_before_torch_opens_them(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("storages"), io.BytesIO())
    with refusal_of(tmp_path / "x.tar"):
        load_inert(tmp_path / "x.tar")
    with zipfile.ZipFile(tmp_path / "x.pt", "w") as script:
        script.writestr("x/constants.pkl", pickle.dumps(()))  # what makes torch.load hand the file to torch.jit.load
    with refusal_of(tmp_path / "x.pt", "TorchScript"):
        load_inert(tmp_path / "x.pt")


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
    with refusal_of(tmp_path / "weights.npz", f"{os.name}.system"):
        read_object_array(tmp_path / "weights.npz", "params")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (np.zeros(3), "float64"),
        (as_objects([np.zeros(2), "text"]), "element 1"),
        (as_objects([as_objects([1])]), "element 0"),
    ],
)
def test_anything_but_arrays_of_numbers_is_refused(content: np.ndarray, seen: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "weights.npz", params=content)
    with refusal_of(tmp_path / "weights.npz", "'params'", seen):
        read_object_array(tmp_path / "weights.npz", "params")


def test_other_files_are_refused(tmp_path: Path) -> None:
    with refusal_of(tmp_path / "nothing.npz"):
        read_object_array(tmp_path / "nothing.npz", "params")
    (tmp_path / "text.npz").write_text("hello")
    with refusal_of(tmp_path / "text.npz", ".npz", "'params'"):
        read_object_array(tmp_path / "text.npz", "params")
    np.savez(tmp_path / "other.npz", something=np.zeros(2))
    with refusal_of(tmp_path / "other.npz", ".npz", "'params'"):
        read_object_array(tmp_path / "other.npz", "params")


def test_an_array_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twostage_hdr.inference.published.restricted_pickle.MAX_BYTES", 100)
    np.savez(tmp_path / "weights.npz", params=as_objects([np.zeros(200)]))
    with refusal_of(tmp_path / "weights.npz", "'params'", 100):
        read_object_array(tmp_path / "weights.npz", "params")


def as_npz(path: Path, program: bytes) -> None:
    """An archive whose array of objects is the pickle program."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|O", "fortran_order": False, "shape": (1,)})
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("params.npy", header.getvalue() + program)


ARRAY = b"cnumpy.core.multiarray\n_reconstruct\n"
NDARRAY = b"cnumpy\nndarray\n"


@pytest.mark.parametrize(
    "program",
    [
        # numpy.ndarray((2,), dtype("O"), b"AAAAAAAAAAAAAAAA"): pointers out of the file
        b"\x80\x02" + NDARRAY + b"K\x02\x85cnumpy\ndtype\nX\x01\x00\x00\x00O\x85RC\x10AAAAAAAAAAAAAAAA\x87R.",
        # _reconstruct, then a state of type O over raw bytes
        b"\x80\x02" + ARRAY + NDARRAY + b"K\x00\x85C\x01b\x87R(K\x01K\x02\x85cnumpy\ndtype\nX\x02\x00\x00\x00O8\x85R"
        b"\x89C\x10AAAAAAAAAAAAAAAAtb.",
        # numpy.ndarray((2**33,)), of eight gigabytes
        b"\x80\x02" + NDARRAY + b"\x8a\x05\x00\x00\x00\x00\x02\x85\x85R.",
    ],
    ids=["objects over bytes", "objects over bytes, by state", "eight gigabytes"],
)
def test_a_small_archive_can_neither_crash_the_process_nor_take_its_memory(tmp_path: Path, program: bytes) -> None:
    as_npz(tmp_path / "weights.npz", program)
    assert (tmp_path / "weights.npz").stat().st_size < 500
    with refusal_of(tmp_path / "weights.npz"):
        read_object_array(tmp_path / "weights.npz", "params")


@pytest.mark.parametrize("dtype", ["M8", "V4", "S3", "U2", "O8", "c8", "f99", "f4,f4", ""])
def test_only_plain_numbers_come_out_of_an_array(tmp_path: Path, dtype: str) -> None:
    arrays = pickle.dumps(as_objects([np.zeros(1, np.float32), np.zeros(1, np.float32)]), protocol=2)
    code = "X\x02\x00\x00\x00f4".encode("latin1")
    assert arrays.count(code) == 1
    as_npz(tmp_path / "weights.npz", arrays.replace(code, b"X" + len(dtype).to_bytes(4, "little") + dtype.encode()))
    with refusal_of(tmp_path / "weights.npz"):
        read_object_array(tmp_path / "weights.npz", "params")
