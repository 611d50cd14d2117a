"""Small stores, and the trees that they are made of."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from twostage_hdr.camera.virtual_camera import VirtualCamera
from twostage_hdr.data.hdm import HdmSource
from twostage_hdr.data.hdr_folder import HdrFolderSource
from twostage_hdr.data.scene import Source
from twostage_hdr.data.splits import split_by_group
from twostage_hdr.data.store.frames import CameraFrames, HdmFrames, PatchMaker
from twostage_hdr.data.store.plan import Plan, StoreSettings, make_plan
from twostage_hdr.data.store.prepare import prepare

Made = tuple[PatchMaker, Plan]


def planned(maker: PatchMaker, source: Source, **settings: Any) -> Made:
    chosen = StoreSettings(**{"patches": 11, "patch_size": 8} | settings)
    splits = split_by_group(source.scenes(), seed=chosen.seed)
    return maker, make_plan(maker, source.scenes(), splits, chosen, {"kind": type(source).__name__})


@pytest.fixture
def hdm_plan(hdm_tree: Any) -> Callable[..., Made]:
    """A plan for six scenes of three shots, with settings to choose."""

    def plan(**settings: Any) -> Made:
        source = HdmSource(root=str(hdm_tree.root))
        return planned(HdmFrames(source), source, **settings)

    return plan


@pytest.fixture
def camera_plan(hdr_tree: Path, noisy_camera: VirtualCamera) -> Callable[..., Made]:
    """A plan for five HDR files of four places."""

    def plan(**settings: Any) -> Made:
        source = HdrFolderSource(root=str(hdr_tree), camera=noisy_camera)
        return planned(CameraFrames(source, hdr_tree), source, **settings)

    return plan


@pytest.fixture
def hdm_store(hdm_plan: Callable[..., Made], tmp_path: Path) -> Path:
    """A finished store of eleven patches."""
    maker, plan = hdm_plan()
    prepare(maker, plan, tmp_path / "store", workers=0)
    return tmp_path / "store"


@pytest.fixture
def contents() -> Callable[[Path], dict[str, bytes]]:
    """All files below a folder."""
    return lambda root: {
        path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()
    }
