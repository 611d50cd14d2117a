from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from tests.refusal import refusal_of
from twostage_hdr.camera.virtual_camera import VirtualCamera
from twostage_hdr.data.datamodule import TripleDataModule
from twostage_hdr.data.hdr_folder import HdrFolderSource
from twostage_hdr.data.procedural_source import ProceduralSource
from twostage_hdr.data.splits import Splits, write_splits
from twostage_hdr.data.triple import Triple

SMALL = {"batch_size": 2, "patch_size": 16, "crop_size": 8, "patches_per_epoch": 11}


@pytest.fixture
def source(noisy_camera: VirtualCamera) -> ProceduralSource:
    return ProceduralSource(camera=noisy_camera, count=10, height=24, width=32)


def test_the_three_sets_are_disjoint_and_loaders_draw_only_from_theirs(source: ProceduralSource) -> None:
    data = TripleDataModule(source=source, val_fraction=0.2, test_fraction=0.3, **SMALL)
    parts = {name: {scene.id for scene in data.part(name)} for name in ("train", "val", "test")}
    assert {name: len(ids) for name, ids in parts.items()} == {"train": 5, "val": 2, "test": 3}
    assert len(set.union(*parts.values())) == 10
    assert {scene for batch in data.train_dataloader() for scene in batch.scene} <= parts["train"]
    assert {scene for batch in data.val_dataloader() for scene in batch.scene} == parts["val"]
    assert {scene for batch in data.test_dataloader() for scene in batch.scene} == parts["test"]


def test_an_epoch_is_as_many_whole_batches_of_crops_as_asked_whatever_the_source(source: ProceduralSource) -> None:
    batches = list(TripleDataModule(source=source, **SMALL).train_dataloader())
    assert len(batches) == 5
    for batch in batches:
        assert isinstance(batch, Triple)
        assert batch.ldr.shape == batch.reference8.shape == batch.reference16.shape == (2, 3, 8, 8)


def test_validation_and_test_are_whole_images_that_never_change(source: ProceduralSource) -> None:
    data = TripleDataModule(source=source, **SMALL)
    for name in ("val", "test"):
        first, second = (list(getattr(data, f"{name}_dataloader")()) for _ in range(2))
        assert all(batch.ldr.shape == (1, 3, 24, 32) for batch in first)
        assert all(torch.equal(a.ldr, b.ldr) for a, b in zip(first, second, strict=True))


def test_the_same_seed_feeds_the_same_epoch_and_another_does_not(source: ProceduralSource) -> None:
    def epoch(seed: int) -> torch.Tensor:
        return torch.cat([b.ldr for b in TripleDataModule(source=source, seed=seed, **SMALL).train_dataloader()])

    assert torch.equal(epoch(1), epoch(1))
    assert not torch.equal(epoch(1), epoch(2))


def test_a_split_file_replaces_the_random_split(source: ProceduralSource, tmp_path: Path) -> None:
    ids = [scene.id for scene in source.scenes()]
    splits = Splits(tuple(ids[:2]), tuple(ids[2:3]), tuple(ids[3:5]))
    write_splits(tmp_path / "mine.json", splits)
    data = TripleDataModule(source=source, split_file=str(tmp_path / "mine.json"), **SMALL)
    assert data.splits == splits
    assert [scene.id for scene in data.part("test")] == ids[3:5]


def test_a_split_file_that_leaks_is_refused(hdm_tree, tmp_path: Path) -> None:
    from twostage_hdr.data.hdm import HdmSource

    write_splits(tmp_path / "leaky.json", Splits(("0000", "0002"), ("0004",), ("0001",)))
    with refusal_of("leaky.json", "'0000'", "train", "test"):
        TripleDataModule(source=HdmSource(root=str(hdm_tree.root)), split_file=str(tmp_path / "leaky.json"), **SMALL)


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ({"batch_size": 0}, ["data.batch_size=0"]),
        ({"crop_size": 0}, ["data.crop_size=0"]),
        ({"zoom": 0.5}, ["data.zoom=0.5"]),
        ({"workers": -1}, ["data.workers=-1"]),
        ({"crop_size": 17}, ["data.crop_size=17", "data.patch_size=16"]),
        ({"patches_per_epoch": 1}, ["data.patches_per_epoch=1", 2, "data.batch_size"]),
        ({"split_file": "nowhere.json"}, ["nowhere.json"]),
        ({"val_fraction": 0.6, "test_fraction": 0.6}, ["data", "val_fraction=0.6", "test_fraction=0.6"]),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name(
    source: ProceduralSource, setting: dict[str, object], named: list[object]
) -> None:
    with refusal_of(*named):
        TripleDataModule(source=source, **(SMALL | setting))


def test_an_epoch_without_a_batch_for_each_process_is_refused(source: ProceduralSource) -> None:
    data = TripleDataModule(source=source, **SMALL)
    data.trainer = SimpleNamespace(global_rank=0, world_size=6)  # type: ignore[assignment]
    with refusal_of("data.patches_per_epoch=11", 2, 6, "data.batch_size"):
        data.train_dataloader()


def test_balanced_scenes_of_rare_kinds_come_more_often(hdr_tree: Path, clean_camera: VirtualCamera) -> None:
    kinds = {"a.hdr": "night", "b.hdr": "day", "c.hdr": "day", "church/1.hdr": "day", "church/2.hdr": "day"}
    rows = [f"{name},{kind}\n" for name, kind in kinds.items()]
    (hdr_tree / "manifest.csv").write_text("file,scene_kind\n" + "".join(rows))
    source = HdrFolderSource(root=str(hdr_tree), camera=clean_camera)
    data = TripleDataModule(source=source, balanced=True, **SMALL | {"patches_per_epoch": 300})
    data.splits = Splits(tuple(kinds), (), ())
    crops = data.training_set()
    nights = sum(crops[0, index].scene == "a.hdr" for index in range(300))
    assert nights / 300 == pytest.approx(1 / (1 + 4 * 4**-0.5), abs=0.08)


def test_a_source_without_kinds_cannot_be_balanced(source: ProceduralSource) -> None:
    data = TripleDataModule(source=source, balanced=True, **SMALL)
    with refusal_of("data.balanced=true", "ProceduralSource"):
        data.training_set()
