from pathlib import Path

import numpy as np
import pytest
import torch

from tests.refusal import refusal_of
from twostage_hdr.camera.virtual_camera import VirtualCamera
from twostage_hdr.data.hdr_folder import HdrFolderSource
from twostage_hdr.data.photographic_views import ViewSettings
from twostage_hdr.data.view_source import ViewSource
from twostage_hdr.data.window import Window

WINDOW = Window(16, 16)


@pytest.fixture
def source(hdr_tree: Path, clean_camera: VirtualCamera, noisy_camera: VirtualCamera) -> ViewSource:
    cameras = {"clean": clean_camera, "noisy": noisy_camera}
    shares = {"clean": 3.0, "noisy": 1.0}
    views = ViewSettings(side=24)
    return ViewSource(root=str(hdr_tree), camera=clean_camera, cameras=cameras, shares=shares, views=views)


def test_whole_frames_are_those_of_the_folder(source: ViewSource, hdr_tree: Path, clean_camera: VirtualCamera) -> None:
    plain, scene = HdrFolderSource(root=str(hdr_tree), camera=clean_camera), source.scenes()[0]
    ours, theirs = (each.triple(scene, np.random.default_rng(1), None) for each in (source, plain))
    assert torch.equal(ours.ldr, theirs.ldr)
    assert ours.scene == theirs.scene


def test_training_samples_are_views_by_cameras_in_their_shares(source: ViewSource) -> None:
    scene, rng = source.scenes()[0], np.random.default_rng(0)
    triples = [source.triple(scene, rng, WINDOW) for _ in range(80)]
    names = [str(triple.scene).split("/", 1) for triple in triples]
    assert {name[1] for name in names} == {scene.id}
    assert 0.6 < [name[0] for name in names].count("clean") / 80 < 0.9
    assert len({tuple(triple.ldr.shape) for triple in triples}) > 5


def test_a_view_is_a_pure_function_of_its_generator(source: ViewSource) -> None:
    scene = source.scenes()[1]
    one, same = (source.triple(scene, np.random.default_rng(2), WINDOW) for _ in range(2))
    assert torch.equal(one.ldr, same.ldr)
    assert torch.equal(one.reference16, same.reference16)


@pytest.mark.parametrize("shares", [{"clean": 1.0}, {"clean": -1.0, "noisy": 2.0}, {"clean": 0.0, "noisy": 0.0}])
def test_shares_that_do_not_fit_the_cameras_are_refused(
    hdr_tree: Path, clean_camera: VirtualCamera, shares: dict[str, float]
) -> None:
    cameras = {"clean": clean_camera, "noisy": clean_camera}
    with refusal_of(f"data.source.shares={shares}", sorted(cameras)):
        ViewSource(root=str(hdr_tree), camera=clean_camera, cameras=cameras, shares=shares, views=ViewSettings())
