from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.refusal import refusal_of
from twostage_hdr.data.hdm import HdmSource
from twostage_hdr.data.patches import FixedCameraImages
from twostage_hdr.data.store.store_source import StoreSource
from twostage_hdr.data.window import Window


@pytest.mark.parametrize("align", ["frame", "medium"])
@pytest.mark.parametrize("exposure", ["short", "medium", "long", "random", "all"])
def test_whole_images_are_those_of_the_tree_itself(hdm_store: Path, hdm_tree: Any, exposure: str, align: str) -> None:
    stored = StoreSource(root=str(hdm_store), exposure=exposure, align=align)
    direct = HdmSource(root=str(hdm_tree.root), exposure=exposure, align=align)
    assert list(stored.scenes()) == list(direct.scenes())
    splits = stored.stored.splits
    scenes = [scene for scene in direct.scenes() if scene.id in (*splits.val, *splits.test)]
    for one, other in zip(
        FixedCameraImages(stored, scenes, seed=3), FixedCameraImages(direct, scenes, seed=3), strict=True
    ):
        assert torch.equal(one.ldr, other.ldr)
        torch.testing.assert_close(one.reference16, other.reference16, rtol=3e-7, atol=0)
        torch.testing.assert_close(one.reference8, other.reference8, rtol=3e-7, atol=0)
        assert (one.scene, one.scale) == (other.scene, other.scale)


def test_a_window_of_a_training_scene_is_cut_from_one_of_its_patches(hdm_store: Path) -> None:
    source = StoreSource(root=str(hdm_store))
    scene = next(scene for scene in source.scenes() if scene.id in source.stored.splits.train)
    triple = source.triple(scene, np.random.default_rng(0), Window(8, 4))
    corners = np.load(hdm_store / "train" / "ldr.npy")[:, 1, :4, :4].transpose(0, 3, 1, 2) / np.float32(255)
    matching = np.flatnonzero((corners == triple.ldr.numpy()).all(axis=(1, 2, 3)))
    assert scene.id in {source.stored.scene_of[number] for number in matching}


def test_crops_larger_than_the_patches_are_continued_by_their_edge(hdm_store: Path) -> None:
    for exposure in ("medium", "all"):
        source = StoreSource(root=str(hdm_store), exposure=exposure)
        scene = next(scene for scene in source.scenes() if scene.id in source.stored.splits.train)
        triple = source.triple(scene, np.random.default_rng(0), Window(12, 12))
        for image in triple[:3]:
            assert image.shape[-3:] == (3, 12, 12)
            assert torch.equal(image[..., 7:8, :].expand(*image.shape[:-2], 5, 12), image[..., 7:, :])


def test_a_training_scene_as_a_whole_is_refused(hdm_store: Path) -> None:
    source = StoreSource(root=str(hdm_store))
    scene = next(scene for scene in source.scenes() if scene.id in source.stored.splits.train)
    with refusal_of(hdm_store, repr(scene.id), "val", "test"):
        source.triple(scene, np.random.default_rng(0), None)


def test_exposures_that_the_store_lacks_are_refused(hdm_store: Path) -> None:
    with refusal_of("data.source.exposure=camera", "short, medium, long", "random", "all"):
        StoreSource(root=str(hdm_store), exposure="camera")
    with refusal_of("data.source.align=long", "frame", "medium"):
        StoreSource(root=str(hdm_store), align="long")
