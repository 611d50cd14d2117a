from pathlib import Path
from typing import Any

import pytest
import torch

from twostage_hdr.data.splits import Splits, read_splits, write_splits
from twostage_hdr.data.store.datamodule import StoreDataModule
from twostage_hdr.data.store.store_source import StoreSource
from twostage_hdr.data.triple import Triple
from twostage_hdr.errors import InputError


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
    ("settings", "said"),
    [
        ({"patch_size": 16}, "data.patch_size=16: the store's patches have 8 px"),
        ({"fresh_patches": True}, "fresh_patches=True"),
        ({"zoom": 2.0}, "zoom=2.0"),
        ({"crop_size": 9}, "crop_size=9"),
    ],
)
def test_settings_that_contradict_the_store_are_refused(hdm_store: Path, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        module(hdm_store, **settings)


def test_only_the_stores_own_sets_will_do(hdm_store: Path, tmp_path: Path) -> None:
    own = module(hdm_store).splits
    write_splits(tmp_path / "own.json", own)
    again = module(hdm_store, split_file=str(tmp_path / "own.json")).splits
    assert again == read_splits(tmp_path / "own.json")
    write_splits(tmp_path / "mine.json", Splits(own.train, own.test, own.val))
    with pytest.raises(InputError, match=r"mine.json: not the sets that the store was made with"):
        module(hdm_store, split_file=str(tmp_path / "mine.json"))
