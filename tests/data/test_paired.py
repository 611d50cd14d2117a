"""Pairs on disk, written with Pillow, OpenCV and OpenEXR's own library rather than with the package."""

from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import pytest
import tifffile
import torch
from PIL import Image

from tests.refusal import refusal_of
from twostage_hdr.data.paired import PairedSource
from twostage_hdr.data.scene import Scene, Source
from twostage_hdr.data.window import Window

HEIGHT, WIDTH = 40, 56


def light_of(number: int) -> np.ndarray:
    """A smooth random scene from 0.03 to about 8 times white, of pale colours."""
    rng = np.random.default_rng(number)
    coarse = rng.uniform(-3.5, 2, (5, 7, 1)) + rng.uniform(-0.2, 0.2, (5, 7, 3))
    return np.exp(cv2.resize(coarse.astype(np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR))


def write_hdr(path: Path, light: np.ndarray) -> None:
    """OpenEXR in float, or Radiance."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.ascontiguousarray(light, dtype=np.float32)
    if path.suffix == ".exr":
        OpenEXR.File({"type": OpenEXR.scanlineimage}, {"RGB": pixels}).write(str(path))
    else:
        assert cv2.imwrite(str(path), pixels[:, :, ::-1])


def add(root: Path, number: int, ldr: str, hdr: str, *, unit: float = 0.25, gamma: float | None = None) -> np.ndarray:
    """A frame (sRGB, or a gamma) and its reference in a unit of its own."""
    light = light_of(number)
    clipped = light.clip(0, 1)
    srgb = np.where(clipped <= 0.0031308, 12.92 * clipped, 1.055 * clipped ** (1 / 2.4) - 0.055)
    encoded = srgb if gamma is None else clipped ** (1 / gamma)
    (root / ldr).parent.mkdir(parents=True, exist_ok=True)
    frame = Image.fromarray(np.rint(255 * encoded).astype(np.uint8))
    frame.save(root / ldr, **({"quality": 100, "subsampling": 0} if ldr.endswith("jpg") else {}))
    write_hdr(root / hdr, light / unit)
    return light


def first(source: PairedSource) -> tuple[Scene, torch.Tensor]:
    """The first scene, and its linear reference (H, W, 3)."""
    scene = source.scenes()[0]
    triple = source.triple(scene, np.random.default_rng(0), None)
    return scene, (triple.reference16**2.24).permute(1, 2, 0)


LAYOUTS = {
    "default": ("ldr/%.*", "hdr/%.*", "ldr/001.jpg", "hdr/001.exr"),
    "SI-HDR": ("input/clip_95/%.png", "reference/%.exr", "input/clip_95/001.png", "reference/001.exr"),
    "HDR-Eye": ("LDR/%_LDR.tif", "HDR/%_HDR.hdr", "LDR/C01_LDR.tif", "HDR/C01_HDR.hdr"),
    "HDR-Real": ("LDR_in/%.jpg", "HDR_gt/%.hdr", "LDR_in/00001.jpg", "HDR_gt/00001.hdr"),
    "VDS": ("train_set/%/%_0EV_true.jpg.png", "train_hdr_set/%/target_hdr.hdr",
            "train_set/t1/t1_0EV_true.jpg.png", "train_hdr_set/t1/target_hdr.hdr"),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_two_patterns(tmp_path: Path, layout: str) -> None:
    ldr, hdr, frame, reference = LAYOUTS[layout]
    light = add(tmp_path, 1, frame, reference)
    source = PairedSource(root=str(tmp_path), ldr=ldr, hdr=hdr)
    assert isinstance(source, Source)
    scene, linear = first(source)
    assert scene.id in ("001", "C01", "00001", "t1")
    np.testing.assert_allclose(linear, light, rtol=0.03)


def test_the_documented_layouts_are_these() -> None:
    page = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
    for name, (ldr, hdr, *_) in LAYOUTS.items():
        if name != "default":
            assert f"| {name} " in page
            assert f"`data.source.ldr={ldr} data.source.hdr={hdr}`" in page


def test_the_scale_can_be_stated_and_is_then_exact(tmp_path: Path) -> None:
    light = add(tmp_path, 1, "ldr/a.png", "hdr/a.hdr", unit=0.25)
    _, stated = first(PairedSource(root=str(tmp_path), scale=0.25))
    np.testing.assert_allclose(stated, light, rtol=0.01)
    _, halved = first(PairedSource(root=str(tmp_path), scale=0.125))
    np.testing.assert_allclose(halved, light / 2, rtol=0.01)


@pytest.mark.parametrize("gamma", [1.8, 2.6])
def test_the_scale_is_measured_by_the_stated_response(tmp_path: Path, gamma: float) -> None:
    light = add(tmp_path, 1, "ldr/a.png", "hdr/a.exr", unit=7.0, gamma=gamma)
    source = PairedSource(root=str(tmp_path), response=gamma)
    scene, linear = first(source)
    np.testing.assert_allclose(linear, light, rtol=0.03)
    assert float(source.triple(scene, np.random.default_rng(0), None).scale) == pytest.approx(7.0, rel=0.02)
    assert source.response == gamma


def test_an_encoded_reference_is_made_linear_by_its_gamma(tmp_path: Path) -> None:
    light = add(tmp_path, 1, "ldr/a.png", "hdr/a.exr")
    tifffile.imwrite(tmp_path / "hdr" / "a.tif", (light ** (1 / 2.2)).astype(np.float32), photometric="rgb")
    _, linear = first(PairedSource(root=str(tmp_path), hdr="hdr/%.tif", gamma=2.2, scale=1.0))
    np.testing.assert_allclose(linear, light, rtol=1e-3)


def test_a_16_bit_frame_is_rounded_to_8_bits(tmp_path: Path) -> None:
    add(tmp_path, 1, "ldr/a.png", "hdr/a.exr")
    codes = cv2.imread(str(tmp_path / "ldr" / "a.png"))
    cv2.imwrite(str(tmp_path / "ldr" / "a.png"), np.minimum(codes.astype(np.uint16) * 257, 65435) + 100)
    source = PairedSource(root=str(tmp_path))
    ldr = source.triple(source.scenes()[0], np.random.default_rng(0), None).ldr
    np.testing.assert_allclose(ldr.permute(1, 2, 0) * 255, codes[:, :, ::-1], atol=1e-4)


def test_references_end_at_the_cap(tmp_path: Path) -> None:
    add(tmp_path, 1, "ldr/a.png", "hdr/a.exr")
    source = PairedSource(root=str(tmp_path), cap=1.2)
    triple = source.triple(source.scenes()[0], np.random.default_rng(0), None)
    assert triple.reference16.max() == pytest.approx(1.2)
    assert source.read(source.scenes()[0]).max() > 1.2**2.24


def test_a_window_is_the_same_part_of_both_and_of_later_calls(tmp_path: Path) -> None:
    add(tmp_path, 1, "ldr/a.png", "hdr/a.exr")
    source = PairedSource(root=str(tmp_path))
    window = Window(32, 16, patch_at=(0.3, 0.5), crop_at=(0.5, 0.1))
    scene = source.scenes()[0]
    whole, part, again = (source.triple(scene, np.random.default_rng(0), each) for each in (None, window, window))
    rows, columns = window.region(HEIGHT, WIDTH)
    torch.testing.assert_close(part.ldr, whole.ldr[:, rows, columns])
    torch.testing.assert_close(part.reference16, whole.reference16[:, rows, columns])
    part.ldr.zero_()
    assert again.ldr.any()


def test_a_subfolder_is_a_place_else_each_scene_is_its_own(tmp_path: Path) -> None:
    for name in ("beach/1", "beach/2", "3"):
        add(tmp_path, 1, f"ldr/{name}.png", f"hdr/{name}.hdr")
    scenes = PairedSource(root=str(tmp_path)).scenes()
    assert scenes == [Scene("3", "3"), Scene("beach/1", "beach"), Scene("beach/2", "beach")]


def test_a_csv_names_pairs_and_places(tmp_path: Path) -> None:
    light = add(tmp_path, 1, "in/one.png", "out/uno.hdr")
    add(tmp_path, 2, "in/two.png", "out/due.hdr")
    table = tmp_path / "pairs.csv"
    table.write_text("ldr,hdr,scene,place\nin/one.png,out/uno.hdr,one,hall\nin/two.png,out/due.hdr,,\n")
    source = PairedSource(root=str(tmp_path), pairs=str(table))
    assert source.scenes() == [Scene("one", "hall"), Scene("in/two", "in/two")]
    np.testing.assert_allclose(first(source)[1], light, rtol=0.03)
    assert source.files(source.scenes()[0]) == [tmp_path / "in" / "one.png", tmp_path / "out" / "uno.hdr"]


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("in/one.png,out/nothing.hdr", ["out/nothing.hdr", "data.root"]),
        ("in/one.png,out/uno.hdr\nin/one.png,out/uno.hdr", ["scene in/one "]),
        ("in/one.png", ["line 2", "1 values", "2 columns"]),
    ],
)
def test_a_csv_that_is_wrong_is_refused(tmp_path: Path, line: str, seen: list[str]) -> None:
    add(tmp_path, 1, "in/one.png", "out/uno.hdr")
    (tmp_path / "pairs.csv").write_text(f"ldr,hdr\n{line}\n")
    with refusal_of(tmp_path / "pairs.csv", *seen):
        PairedSource(root=str(tmp_path), pairs=str(tmp_path / "pairs.csv"))


def test_missing_partners_are_counted_and_named_until_they_are_excluded(tmp_path: Path) -> None:
    for number in range(6):
        add(tmp_path, number, f"ldr/{number}.png", f"hdr/{number}.hdr")
    for number in range(1, 6):
        (tmp_path / "hdr" / f"{number}.hdr").unlink()
    with refusal_of(f"data.root={tmp_path}", "reference", "5 of 6", "1, 2, 3, ...", "data.source.exclude"):
        PairedSource(root=str(tmp_path))
    (tmp_path / "exclude.txt").write_text("1\n2\n3\n4\n5\n")
    assert len(PairedSource(root=str(tmp_path), exclude=str(tmp_path / "exclude.txt")).scenes()) == 1
    add(tmp_path, 7, "elsewhere/7.png", "hdr/7.hdr")
    with refusal_of(f"data.root={tmp_path}", "frame", "1 of 2", "7"):
        PairedSource(root=str(tmp_path), exclude=str(tmp_path / "exclude.txt"))


def test_sizes_that_differ_are_refused_in_one_line(tmp_path: Path) -> None:
    add(tmp_path, 1, "ldr/a.png", "hdr/a.hdr")
    Image.new("RGB", (30, 20)).save(tmp_path / "ldr" / "a.png")
    source = PairedSource(root=str(tmp_path))
    with refusal_of(tmp_path / "ldr" / "a.png", "30x20", tmp_path / "hdr" / "a.hdr", "56x40"):
        source.triple(source.scenes()[0], np.random.default_rng(0), None)


def test_a_shifted_pair_is_refused_unless_it_is_wanted(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    light = np.kron(rng.uniform(0.05, 0.9, (40, 56, 3)), np.ones((4, 4, 1))).astype(np.float32)
    (tmp_path / "ldr").mkdir()
    codes = np.rint(255 * light ** (1 / 2.2)).astype(np.uint8)
    Image.fromarray(np.roll(codes, 6, 1)).save(tmp_path / "ldr" / "a.png")
    write_hdr(tmp_path / "hdr" / "a.exr", light)
    source = PairedSource(root=str(tmp_path), response=2.2)
    with refusal_of(tmp_path / "ldr" / "a.png", "+6.", tmp_path / "hdr" / "a.exr", "data.source.aligned=false"):
        source.pair(source.scenes()[0])
    assert PairedSource(root=str(tmp_path), response=2.2, aligned=False).pair(source.scenes()[0]).scale > 0


def test_a_frame_that_shows_nothing_needs_a_stated_scale(tmp_path: Path) -> None:
    add(tmp_path, 1, "ldr/a.png", "hdr/a.hdr")
    Image.new("RGB", (WIDTH, HEIGHT), "white").save(tmp_path / "ldr" / "a.png")
    source = PairedSource(root=str(tmp_path))
    with refusal_of(tmp_path / "ldr" / "a.png", "data.source.scale=NUMBER"):
        source.pair(source.scenes()[0])


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"ldr": "ldr/a.png"}, ["data.source.ldr=ldr/a.png", "%"]),
        ({"ldr": "photographs/%.png"}, ["data.root", "photographs/%.png", "hdr/%.*"]),
        ({"scale": 0}, ["data.source.scale=0", "fit"]),
        ({"scale": "auto"}, ["data.source.scale=auto", "fit"]),
        ({"response": "linear"}, ["data.source.response=linear", "srgb"]),
        ({"gamma": -1}, ["data.source.gamma=-1", "1.0"]),
    ],
)
def test_settings_that_cannot_work_are_refused(tmp_path: Path, settings: dict[str, object], named: list[str]) -> None:
    add(tmp_path, 1, "ldr/a.png", "hdr/a.hdr")
    with refusal_of(*named):
        PairedSource(root=str(tmp_path), **settings)


def test_a_pattern_that_takes_two_files_for_a_scene_is_refused(tmp_path: Path) -> None:
    add(tmp_path, 1, "ldr/a.png", "hdr/a.hdr")
    add(tmp_path, 1, "ldr/a.jpg", "hdr/a.hdr")
    with refusal_of("data.source.ldr=ldr/%.*", "a.jpg", "a.png"):
        PairedSource(root=str(tmp_path))


def test_files_beside_the_pictures_are_not_taken_for_pictures(tmp_path: Path) -> None:
    add(tmp_path, 1, "ldr/a.png", "hdr/a.hdr")
    (tmp_path / "hdr" / "a_alignratio.npy").write_bytes(b"")
    (tmp_path / "ldr" / ".b.png").write_bytes(b"")
    assert [scene.id for scene in PairedSource(root=str(tmp_path)).scenes()] == ["a"]
