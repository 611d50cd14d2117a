import numpy as np
import pytest
import tifffile
import torch

from tests.refusal import refusal_of
from twostage_hdr.data.kalantari import KalantariSource
from twostage_hdr.data.scene import Source
from twostage_hdr.data.window import Window
from twostage_hdr.imaging.radiance import RADIANCE


@pytest.fixture
def light() -> np.ndarray:
    return np.random.default_rng(0).uniform(0.02, 2, (20, 30, 3)).astype(np.float32)


@pytest.fixture
def root(tmp_path, light):
    """One scene whose middle frame lies at +1 stop, as 16-bit TIFFs of gamma 2.2."""
    folder = tmp_path / "set" / "001"
    folder.mkdir(parents=True)
    stops = (-1.0, 1.0, 3.0)
    for place, stop in enumerate(stops):
        encoded = np.clip(light * 2.0**stop, 0, 1) ** (1 / 2.2)
        tifffile.imwrite(folder / f"{place}.tif", np.rint(encoded * 65535).astype(np.uint16), photometric="rgb")
    (folder / "exposure.txt").write_text("\n".join(map(str, stops)))
    RADIANCE.save(folder / "HDRImg.hdr", light)
    return tmp_path


def test_frames_and_reference_are_on_the_middle_frames_scale(root, light) -> None:
    source = KalantariSource(root=str(root))
    assert isinstance(source, Source)
    (scene,) = source.scenes()
    assert scene.id == "set/001"
    triple = source.triple(scene, np.random.default_rng(0), None)
    wanted = torch.from_numpy(light.transpose(2, 0, 1)) * 2
    torch.testing.assert_close(triple.reference16**2.24, wanted, rtol=0.02, atol=0.01)
    for frame, stop in zip(triple.ldr[:, 1], (0, -2, 2), strict=True):  # the middle one first, then dark to bright
        unclipped = wanted * 2.0**stop < 0.98
        torch.testing.assert_close(frame[unclipped], wanted[unclipped], rtol=1e-3, atol=1e-4)


def test_a_window_is_the_same_part_of_all(root) -> None:
    source = KalantariSource(root=str(root))
    window = Window(16, 8, patch_at=(0.3, 0.5), crop_at=(0.5, 0.1))
    whole = source.triple(source.scenes()[0], np.random.default_rng(0), None)
    part = source.triple(source.scenes()[0], np.random.default_rng(0), window)
    rows, columns = window.region(20, 30)
    torch.testing.assert_close(part.ldr, whole.ldr[..., rows, columns])
    torch.testing.assert_close(part.reference16, whole.reference16[:, rows, columns])


def test_what_is_incomplete_is_refused(root, tmp_path) -> None:
    (root / "set" / "001" / "exposure.txt").write_text("0 two")
    source = KalantariSource(root=str(root))
    with refusal_of("exposure.txt", "'0 two'", 3):
        source.triple(source.scenes()[0], np.random.default_rng(0), None)
    (tmp_path / "empty").mkdir()
    with refusal_of(f"data.root={tmp_path / 'empty'}", "HDRImg.hdr"):
        KalantariSource(root=str(tmp_path / "empty"))
