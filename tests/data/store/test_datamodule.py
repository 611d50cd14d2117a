from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.refusal import refusal_of
from twostage_hdr.data.splits import Splits, read_splits, write_splits
from twostage_hdr.data.store.datamodule import StoreDataModule, StoredPatches
from twostage_hdr.data.store.store_source import StoreSource
from twostage_hdr.data.triple import Triple


def module(store: Path, **settings: Any) -> StoreDataModule:
    return StoreDataModule(source=StoreSource(root=str(store)), **{"batch_size": 2, "crop_size": 4} | settings)


def frames(data: StoreDataModule, epoch: int = 0) -> torch.Tensor:
    loader = data.train_dataloader()
    loader.sampler.set_epoch(epoch)  # type: ignore[attr-defined]
    return torch.cat([batch.ldr for batch in loader])


def test_an_epoch_is_every_patch_once_in_whole_batches(hdm_store: Path) -> None:
    batches = list(module(hdm_store).train_dataloader())
    assert len(batches) == 5
    assert all(isinstance(batch, Triple) for batch in batches)
    assert frames(module(hdm_store, patches_per_epoch=24)).shape == (24, 3, 4, 4)


def test_validation_and_test_show_the_stores_whole_images(hdm_store: Path) -> None:
    data = module(hdm_store)
    for name in ("val", "test"):
        batches = list(getattr(data, f"{name}_dataloader")())
        assert [batch.scene[0] for batch in batches] == list(getattr(data.splits, name))
        assert all(batch.ldr.shape == (1, 3, 24, 32) for batch in batches)


def test_order_and_crops_hang_on_seed_and_epoch_alone(hdm_store: Path) -> None:
    assert torch.equal(frames(module(hdm_store)), frames(module(hdm_store)))
    assert not torch.equal(frames(module(hdm_store)), frames(module(hdm_store), epoch=1))
    assert not torch.equal(frames(module(hdm_store)), frames(module(hdm_store, seed=1)))


@pytest.mark.slow
def test_worker_processes_feed_the_same_batches(hdm_store: Path) -> None:
    assert torch.equal(frames(module(hdm_store, workers=2)), frames(module(hdm_store)))


def test_an_interrupted_epoch_goes_on_where_it_stopped(hdm_store: Path) -> None:
    whole = [batch.ldr for batch in module(hdm_store).train_dataloader()]
    loader = module(hdm_store).train_dataloader()
    loader.load_state_dict({"epoch": 0, "batches": 2})  # type: ignore[attr-defined]
    rest = [batch.ldr for batch in loader]
    assert len(rest) == 3
    assert all(torch.equal(one, other) for one, other in zip(rest, whole[2:], strict=True))


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"patch_size": 16}, ["data.patch_size=16", "8 px"]),
        ({"fresh_patches": True}, ["data.fresh_patches=True", "fresh_patches=false"]),
        ({"zoom": 2.0}, ["data.zoom=2.0", "zoom=1.0"]),
        ({"crop_size": 9}, ["data.crop_size=9", "data.patch_size=8"]),
    ],
)
def test_settings_that_contradict_the_store_are_refused(
    hdm_store: Path, settings: dict[str, Any], named: list[str]
) -> None:
    with refusal_of(*named):
        module(hdm_store, **settings)


def test_only_the_stores_own_sets_will_do(hdm_store: Path, tmp_path: Path) -> None:
    own = module(hdm_store).splits
    write_splits(tmp_path / "own.json", own)
    again = module(hdm_store, split_file=str(tmp_path / "own.json")).splits
    assert again == read_splits(tmp_path / "own.json")
    write_splits(tmp_path / "mine.json", Splits(own.train, own.test, own.val))
    with refusal_of(tmp_path / "mine.json", "data.split_file"):
        module(hdm_store, split_file=str(tmp_path / "mine.json"))


KEYS = [(0, index) for index in range(11)]


def patches(store: Path, *, exposure: str = "medium", flips: bool = False, crop: int = 8) -> StoredPatches:
    return StoredPatches(StoreSource(root=str(store), exposure=exposure), count=11, crop_size=crop, flips=flips, seed=0)


def test_an_epoch_shows_every_patch_once(hdm_store: Path) -> None:
    crops = [patches(hdm_store).crop(key) for key in KEYS]
    assert np.array_equal([crop.ldr for crop in crops], np.load(hdm_store / "train" / "ldr.npy")[:, 1])
    assert np.array_equal([crop.reference for crop in crops], np.load(hdm_store / "train" / "reference.npy"))


def test_values_are_those_of_plain_numpy(hdm_store: Path) -> None:
    triple = patches(hdm_store, exposure="long").__getitems__(KEYS)
    stored, alignratio = (np.load(hdm_store / "train" / f"{name}.npy") for name in ("reference", "alignratio"))
    encoded = (stored / alignratio[:, None, None, None]).transpose(0, 3, 1, 2)
    long = ((encoded**2.24) * 2.0**2) ** (1 / 2.24)
    torch.testing.assert_close(triple.reference16, torch.from_numpy(long).float(), rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(triple.reference8, torch.from_numpy(long).float().clamp(max=1), rtol=1e-6, atol=1e-7)
    assert torch.equal(
        triple.ldr, torch.from_numpy(np.load(hdm_store / "train" / "ldr.npy")[:, 2]).permute(0, 3, 1, 2) / 255
    )
    assert triple.scale.tolist() == [4.0] * 11


def test_batches_lie_channels_last(hdm_store: Path) -> None:
    triple = patches(hdm_store, crop=6).__getitems__(KEYS)
    for image in triple[:3]:
        assert image.shape == (11, 3, 6, 6)
        assert image.is_contiguous(memory_format=torch.channels_last)


def test_a_sample_is_a_function_of_epoch_and_index(hdm_store: Path) -> None:
    dataset = patches(hdm_store, exposure="random", flips=True, crop=5)
    alone = torch.stack([dataset[key].ldr for key in KEYS])
    assert torch.equal(alone, dataset.__getitems__(KEYS).ldr)
    later = dataset.__getitems__([(1, index) for _, index in KEYS])
    assert not torch.equal(alone, later.ldr)
    assert later.scene == dataset.__getitems__(KEYS).scene


def test_crops_reach_every_place_of_a_patch(hdm_store: Path) -> None:
    whole = np.load(hdm_store / "train" / "reference.npy")[3]
    dataset = patches(hdm_store, crop=7)
    seen = set()
    for epoch in range(60):
        crop = dataset.crop((epoch, 3)).reference
        seen |= {(r, c) for r in (0, 1) for c in (0, 1) if np.array_equal(crop, whole[r : r + 7, c : c + 7])}
    assert seen == {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_flips_turn_frame_and_reference_together_in_four_equally_likely_ways(hdm_store: Path) -> None:
    ldr, reference = (np.load(hdm_store / "train" / f"{name}.npy")[5] for name in ("ldr", "reference"))
    dataset = patches(hdm_store, flips=True)
    counted: Counter[tuple[int, int]] = Counter()
    for epoch in range(200):
        sample = dataset.crop((epoch, 5))
        for down in (1, -1):
            for right in (1, -1):
                if np.array_equal(sample.reference, reference[::down, ::right]):
                    assert np.array_equal(sample.ldr, ldr[1, ::down, ::right])
                    counted[down, right] += 1
    assert counted.total() == 200
    assert min(counted.values()) > 25


def test_random_exposures_are_equally_likely(hdm_store: Path) -> None:
    batch = patches(hdm_store, exposure="random").__getitems__([(epoch, 0) for epoch in range(600)])
    counted = Counter(batch.scale.tolist())
    assert set(counted) == {0.25, 1.0, 4.0}
    assert min(counted.values()) > 150
