import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from tests.refusal import refusal_of
from twostage_hdr.data.store.stored import Stored


def test_a_folder_without_a_store_is_refused_with_the_cure(tmp_path: Path) -> None:
    with refusal_of(f"data.root={tmp_path}", "store.json", "`twostage-hdr prepare"):
        Stored(tmp_path)


def test_an_unfinished_store_says_so(tmp_path: Path) -> None:
    (tmp_path / ".prepare").mkdir()
    with refusal_of(f"data.root={tmp_path}", ".prepare", "prepare command"):
        Stored(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": '])
def test_a_damaged_description_is_refused(hdm_store: Path, text: str) -> None:
    (hdm_store / "store.json").write_text(text)
    (hdm_store / "SHA256SUMS").unlink()
    with refusal_of(hdm_store / "store.json"):
        Stored(hdm_store)


def test_a_description_of_more_than_there_is_is_refused_at_once(hdm_store: Path) -> None:
    (hdm_store / "SHA256SUMS").unlink()
    told = json.loads((hdm_store / "store.json").read_text())
    told["patches"] = dict.fromkeys(told["patches"], 10**12)
    (hdm_store / "store.json").write_text(json.dumps(told))
    with refusal_of(hdm_store / "train" / "ldr.npy", f"({10**12 * len(told['patches'])},"):
        Stored(hdm_store)


@pytest.mark.parametrize("name", ["store.json", "train/stops.npy", "val/0000_ldr.npy"])
def test_a_flipped_bit_in_a_file_is_found(hdm_store: Path, name: str) -> None:
    content = bytearray((hdm_store / name).read_bytes())
    content[-2] ^= 1
    (hdm_store / name).write_bytes(content)
    with refusal_of(hdm_store / name, "sha256", "SHA256SUMS"):
        Stored(hdm_store).frozen("val", 0)


@pytest.mark.parametrize("name", ["ldr", "reference"])
def test_a_flipped_bit_in_a_patch_is_found_when_the_patch_is_read(hdm_store: Path, name: str) -> None:
    path = hdm_store / "train" / f"{name}.npy"
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)
    stored = Stored(hdm_store)
    stored.patch(0)
    with refusal_of(hdm_store / "train", f"patch {len(stored) - 1}"):
        stored.patch(len(stored) - 1)


def test_a_store_without_checksums_still_opens(hdm_store: Path) -> None:
    (hdm_store / "SHA256SUMS").unlink()
    (hdm_store / "train" / "crc32.npy").unlink()
    Stored(hdm_store).patch(0)


def test_a_later_format_is_refused(hdm_store: Path) -> None:
    told = json.loads((hdm_store / "store.json").read_text()) | {"format": 99}
    (hdm_store / "store.json").write_text(json.dumps(told))
    (hdm_store / "SHA256SUMS").unlink()
    with refusal_of(hdm_store / "store.json", 99, 1):
        Stored(hdm_store)


@pytest.mark.parametrize(
    ("source", "response"),
    [
        ({"align": "frame"}, None),
        ({"response": "srgb"}, "srgb"),
        ({"camera": {"response": {"_target_": "twostage_hdr.camera.response.GammaResponse", "gamma": 2.2}}}, 2.2),
        ({"camera": {"response": {"_target_": "twostage_hdr.camera.any_response.AnyResponse"}}}, "estimated"),
    ],
)
def test_it_knows_the_response_of_the_frames(hdm_store: Path, source: dict, response: str | float | None) -> None:
    (hdm_store / "SHA256SUMS").unlink()
    told = json.loads((hdm_store / "store.json").read_text())
    (hdm_store / "store.json").write_text(json.dumps(told | {"source": source}))
    assert Stored(hdm_store).response == response


def test_a_copy_in_part_is_refused(hdm_store: Path) -> None:
    path = hdm_store / "train" / "ldr.npy"
    path.write_bytes(path.read_bytes()[:-100])
    with refusal_of(path, "sha256sum -c"):
        Stored(hdm_store)
    np.save(path, np.zeros((3, 3, 8, 8, 3), np.uint8))
    with refusal_of(path, (3, 3, 8, 8, 3), (11, 3, 8, 8, 3)):
        Stored(hdm_store)


def test_worker_processes_get_no_copy_of_the_arrays(hdm_store: Path) -> None:
    stored = Stored(hdm_store)
    stored.array("train/reference")
    assert len(pickle.dumps(stored)) < 5000
    assert np.array_equal(pickle.loads(pickle.dumps(stored)).array("train/ldr"), stored.array("train/ldr"))


def test_arrays_are_mapped_and_not_read(hdm_store: Path) -> None:
    array = Stored(hdm_store).array("train/ldr")
    assert isinstance(array.base, np.memmap)
    assert not array.flags.writeable
