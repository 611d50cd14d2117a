import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from twostage_hdr.data.store.stored import Stored
from twostage_hdr.errors import InputError


def test_a_folder_without_a_store_is_refused_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no store.json in it; make a store with `twostage-hdr prepare"):
        Stored(tmp_path)


def test_an_unfinished_store_says_so(tmp_path: Path) -> None:
    (tmp_path / ".prepare").mkdir()
    with pytest.raises(InputError, match="preparation is not finished; give the same prepare command again"):
        Stored(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": '])
def test_a_damaged_description_is_refused(hdm_store: Path, text: str) -> None:
    (hdm_store / "store.json").write_text(text)
    (hdm_store / "SHA256SUMS").unlink()
    with pytest.raises(InputError) as refused:
        Stored(hdm_store)
    assert refused.value.subject == str(hdm_store / "store.json")
    assert "again" in refused.value.cure


def test_a_description_of_more_than_there_is_is_refused_at_once(hdm_store: Path) -> None:
    (hdm_store / "SHA256SUMS").unlink()
    told = json.loads((hdm_store / "store.json").read_text())
    told["patches"] = dict.fromkeys(told["patches"], 10**12)
    (hdm_store / "store.json").write_text(json.dumps(told))
    with pytest.raises(InputError) as refused:
        Stored(hdm_store)
    assert refused.value.subject.endswith("ldr.npy")


@pytest.mark.parametrize("name", ["store.json", "train/stops.npy", "val/0000_ldr.npy"])
def test_a_flipped_bit_in_a_file_is_found(hdm_store: Path, name: str) -> None:
    content = bytearray((hdm_store / name).read_bytes())
    content[-2] ^= 1
    (hdm_store / name).write_bytes(content)
    with pytest.raises(InputError) as refused:
        Stored(hdm_store).frozen("val", 0)
    assert refused.value.subject == str(hdm_store / name)
    assert "damaged" in refused.value.seen


@pytest.mark.parametrize("name", ["ldr", "reference"])
def test_a_flipped_bit_in_a_patch_is_found_when_the_patch_is_read(hdm_store: Path, name: str) -> None:
    path = hdm_store / "train" / f"{name}.npy"
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)
    stored = Stored(hdm_store)
    stored.patch(0)
    with pytest.raises(InputError) as refused:
        stored.patch(len(stored) - 1)
    assert "damaged" in refused.value.seen


def test_a_store_without_checksums_still_opens(hdm_store: Path) -> None:
    (hdm_store / "SHA256SUMS").unlink()
    (hdm_store / "train" / "crc32.npy").unlink()
    Stored(hdm_store).patch(0)


def test_a_later_format_is_refused(hdm_store: Path) -> None:
    told = json.loads((hdm_store / "store.json").read_text()) | {"format": 99}
    (hdm_store / "store.json").write_text(json.dumps(told))
    (hdm_store / "SHA256SUMS").unlink()
    with pytest.raises(InputError, match="format 99, this version reads 1"):
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
    with pytest.raises(InputError) as refused:
        Stored(hdm_store)
    assert "cut short" in refused.value.seen
    assert "sha256sum -c" in refused.value.cure
    np.save(path, np.zeros((3, 3, 8, 8, 3), np.uint8))
    with pytest.raises(InputError, match=r"shape \(3, 3, 8, 8, 3\) instead of \(11, 3, 8, 8, 3\)"):
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
