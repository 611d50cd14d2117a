"""Small data sets on disk, written with NumPy and Pillow rather than with the package."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from twostage_hdr.camera.exposure import ClippedShareExposure
from twostage_hdr.camera.noise import SensorNoise
from twostage_hdr.camera.response import GammaResponse
from twostage_hdr.camera.virtual_camera import VirtualCamera

STOPS = (-3.0, -1.0, 1.0)
"""Exposures of short, medium and long."""


class HdmTree:
    """A folder in the challenge's layout, with the encoded references that went into it.

    Scenes of one shot share a picture up to a faint difference; shots are different noise.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.reference: dict[str, np.ndarray] = {}

    def add(self, scene: str, *, shot: int, height: int = 24, width: int = 32, gt: bool = True) -> None:
        rng = np.random.default_rng(shot)
        # Coarse blocks, so that a thumbnail still tells one shot from another.
        blocks = np.kron(rng.uniform(0, 3, (4, 4, 3)), np.ones((height // 4, width // 4, 1)))
        encoded = blocks + 0.01 * np.random.default_rng(int(scene[-4:])).random((height, width, 3))
        self.reference[scene] = encoded
        path = self.root / scene
        path.parent.mkdir(parents=True, exist_ok=True)
        for name, stops in zip(("short", "medium", "long"), STOPS, strict=True):
            exposed = (encoded**2.24 * 2.0 ** (stops - STOPS[1])) ** (1 / 2.24)
            frame = np.rint(255 * exposed.clip(0, 1)).astype(np.uint8)
            Image.fromarray(frame).save(f"{path}_{name}.png")
        if gt:
            ratio = 65535 / encoded.max()
            write_png16(Path(f"{path}_gt.png"), np.rint(encoded * ratio).astype(np.uint16))
            np.save(f"{path}_alignratio.npy", ratio)
        np.save(f"{path}_exposures.npy", np.array(STOPS))


def write_png16(path: Path, pixels: np.ndarray) -> None:
    import cv2

    assert cv2.imwrite(str(path), pixels[:, :, ::-1])


@pytest.fixture
def hdm_tree(tmp_path: Path) -> HdmTree:
    """Six scenes: three shots of two frames each."""
    tree = HdmTree(tmp_path / "hdm")
    for number in range(6):
        tree.add(f"{number:04d}", shot=number // 2)
    return tree


def write_radiance(path: Path, pixels: np.ndarray) -> None:
    import cv2

    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels[:, :, ::-1].astype(np.float32))


@pytest.fixture
def hdr_tree(tmp_path: Path) -> Path:
    """Radiance files: three at the top, two of one place in a subfolder; 20 x 30 px, log-normal radiance."""
    root = tmp_path / "hdr"
    for number, name in enumerate(("a.hdr", "b.hdr", "c.hdr", "church/1.hdr", "church/2.hdr")):
        write_radiance(root / name, np.random.default_rng(number).lognormal(-1, 1.5, (20, 30, 3)))
    return root


@pytest.fixture
def clean_camera() -> VirtualCamera:
    """conf/camera/clean.yaml."""
    return VirtualCamera(exposure=ClippedShareExposure(), response=GammaResponse(), noise=None, jpeg=None)


@pytest.fixture
def noisy_camera() -> VirtualCamera:
    return VirtualCamera(exposure=ClippedShareExposure(), response=GammaResponse(), noise=SensorNoise(), jpeg=None)


@pytest.fixture
def shared() -> Path:
    """The folder of real images beside the repository; tests that need it are skipped where it is absent."""
    folder = Path(__file__).parents[2] / ".." / "shared"
    if not folder.is_dir():
        pytest.skip("no folder of real images beside the repository")
    return folder


def scene_ids(scenes: Sequence[object]) -> list[str]:
    return [scene.id for scene in scenes]  # type: ignore[attr-defined]
