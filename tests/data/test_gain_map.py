"""Photographs with gain maps, written by libultrahdr's encoder and by the test of Apple's."""

from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import torch
from PIL import Image

from tests.imaging.apple_photographs import write_heic, write_jpeg
from tests.refusal import refusal_of
from twostage_hdr.data.gain_map import GainMapSource
from twostage_hdr.data.scene import Scene, Source
from twostage_hdr.data.window import Window
from twostage_hdr.imaging.embedded_gain_map import has_gain_map
from twostage_hdr.radiometry.srgb import srgb_decode


def write_ultra_hdr(path: Path, seed: int | None = None) -> np.ndarray:
    """A ramp of light from 0.02 to 4 times white, or tiles in that range, as libultrahdr itself encodes them."""
    light = np.geomspace(0.02, 4, 64, dtype=np.float32)[None, :, None] * np.ones((48, 1, 3), np.float32)
    if seed is not None:
        tiles = np.exp(np.random.default_rng(seed).uniform(np.log(0.02), np.log(4), (6, 8, 1)))
        light = np.kron(tiles, np.ones((8, 8, 3))).astype(np.float32)
    rgba = np.dstack([light, np.ones((48, 64), np.float32)]).astype(np.float16)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(imagecodecs.ultrahdr_encode(rgba, level=98))
    return light


def only(root: Path) -> tuple[GainMapSource, Scene]:
    source = GainMapSource(root=str(root))
    (scene,) = source.scenes()
    return source, scene


def test_the_base_is_the_input_and_the_light_the_reference(tmp_path: Path) -> None:
    light = write_ultra_hdr(tmp_path / "a.jpg")
    source, scene = only(tmp_path)
    assert isinstance(source, Source)
    triple = source.triple(scene, np.random.default_rng(0), None)
    with Image.open(tmp_path / "a.jpg") as image:
        shown = np.asarray(image.convert("RGB")).transpose(2, 0, 1) / np.float32(255)
    torch.testing.assert_close(triple.ldr, torch.from_numpy(shown), atol=1e-6, rtol=0)
    linear = (triple.reference16**2.24).permute(1, 2, 0).numpy()
    assert np.median(np.abs(linear / light - 1)) < 0.05
    assert triple.reference16.max() > 1.5
    assert triple.reference8.max() == 1
    assert triple.scale == 1


@pytest.mark.parametrize("name", ["a.jpg", "a.heic"])
def test_apples_pairs_gain_light_and_lose_none(tmp_path: Path, name: str) -> None:
    if name == "a.heic":
        pytest.importorskip("pillow_heif")
    (write_heic if name == "a.heic" else write_jpeg)(tmp_path / name)
    source, scene = only(tmp_path)
    triple = source.triple(scene, np.random.default_rng(0), None)
    gain = triple.reference16**2.24 / srgb_decode(triple.ldr).clamp(min=1e-3)
    bright = triple.ldr.amin(0) > 0.1
    assert gain[:, bright].min() > 0.99
    assert 6 < gain[:, bright].max() < 8.01


def test_a_window_is_the_same_part_of_both(tmp_path: Path) -> None:
    write_ultra_hdr(tmp_path / "a.jpg")
    source, scene = only(tmp_path)
    window = Window(32, 16, patch_at=(0.3, 0.5), crop_at=(0.5, 0.1))
    whole, part = (source.triple(scene, np.random.default_rng(0), each) for each in (None, window))
    rows, columns = window.region(48, 64)
    torch.testing.assert_close(part.ldr, whole.ldr[:, rows, columns])
    torch.testing.assert_close(part.reference16, whole.reference16[:, rows, columns])


def test_a_subfolder_is_a_place_and_other_photographs_are_skipped(tmp_path: Path) -> None:
    for name in ("beach/a.jpg", "beach/b.jpg", "c.jpg"):
        write_ultra_hdr(tmp_path / name)
    Image.new("RGB", (8, 8)).save(tmp_path / "plain.jpg")
    (tmp_path / "exclude.txt").write_text("beach/b.jpg\n")
    source = GainMapSource(root=str(tmp_path), exclude=str(tmp_path / "exclude.txt"))
    assert source.scenes() == [Scene("beach/a.jpg", "beach"), Scene("c.jpg", "c.jpg")]
    assert set(source.thumbnails()) == {"beach/a.jpg", "c.jpg"}


def test_a_gain_map_is_told_by_the_metadata(tmp_path: Path) -> None:
    write_ultra_hdr(tmp_path / "ultra.jpg")
    write_jpeg(tmp_path / "apple.jpg")
    Image.new("RGB", (8, 8)).save(tmp_path / "plain.jpg")
    assert [has_gain_map(tmp_path / f"{name}.jpg") for name in ("ultra", "apple", "plain")] == [True, True, False]


def test_a_folder_without_gain_maps_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "plain.jpg")
    with refusal_of(f"data.root={tmp_path}", 1, ".heic"):
        GainMapSource(root=str(tmp_path))
    with refusal_of(f"data.root={tmp_path / 'nowhere'}"):
        GainMapSource(root=str(tmp_path / "nowhere"))


def test_a_damaged_photograph_is_named(tmp_path: Path) -> None:
    write_jpeg(tmp_path / "a.jpg", tags={})
    source, scene = only(tmp_path)
    with refusal_of(tmp_path / "a.jpg", "HDR"):
        source.triple(scene, np.random.default_rng(0), None)
