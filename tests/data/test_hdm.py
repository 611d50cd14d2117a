from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.refusal import refusal_of
from twostage_hdr.data.hdm import EXPOSURES, HdmSource
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.triple import Triple
from twostage_hdr.data.window import Window


def only(source: HdmSource, scene_id: str = "0000", window: Window | None = None, seed: int = 0) -> Triple:
    return source.triple(Scene(scene_id, "any"), np.random.default_rng(seed), window)


# The challenge's layout and formulae.


@pytest.mark.parametrize(("exposure", "stops"), [("short", -3), ("medium", -1), ("long", 1)])
def test_the_reference_is_moved_to_the_frames_exposure_in_linear_light(hdm_tree, exposure: str, stops: float) -> None:
    triple = only(HdmSource(root=str(hdm_tree.root), exposure=exposure))
    medium = hdm_tree.reference["0000"].transpose(2, 0, 1)
    expected = (medium**2.24 * 2.0 ** (stops - -1)) ** (1 / 2.24)
    # 16-bit rounding: half of 1 / alignratio, scaled like the rest.
    tolerance = 0.51 * medium.max() / 65535 * 2.0 ** ((stops + 1) / 2.24) + 1e-6
    np.testing.assert_allclose(triple.reference16, expected, atol=tolerance, rtol=0)
    assert torch.equal(triple.reference8, triple.reference16.clamp(0, 1))
    assert float(triple.scale) == 2.0 ** (stops - -1)


@pytest.mark.parametrize("exposure", EXPOSURES)
def test_aligned_to_the_frame_every_exposure_shows_the_clipped_reference(hdm_tree, exposure: str) -> None:
    triple = only(HdmSource(root=str(hdm_tree.root), exposure=exposure))
    np.testing.assert_allclose(triple.ldr, triple.reference8, atol=0.5 / 255 + 1e-4)


def test_aligned_to_the_medium_frame_the_reference_stays_as_the_file_has_it(hdm_tree) -> None:
    long = only(HdmSource(root=str(hdm_tree.root), exposure="long", align="medium"))
    medium = only(HdmSource(root=str(hdm_tree.root), exposure="medium"))
    assert torch.equal(long.reference16, medium.reference16)
    assert float(long.scale) == 1
    assert not torch.equal(long.ldr, medium.ldr)


def test_random_exposure_draws_all_three_and_hangs_on_the_generator_alone(hdm_tree) -> None:
    source = HdmSource(root=str(hdm_tree.root), exposure="random")
    scales = [float(only(source, seed=seed).scale) for seed in range(20)]
    assert set(scales) == {0.25, 1.0, 4.0}
    assert scales == [float(only(source, seed=seed).scale) for seed in range(20)]


def test_all_exposures_are_stacked_the_medium_one_first_on_its_scale(hdm_tree) -> None:
    window = Window(16, 8, patch_at=(0.3, 0.2), crop_at=(0.5, 0.5))
    stack, medium = (
        only(HdmSource(root=str(hdm_tree.root), exposure=name), window=window) for name in ("all", "medium")
    )
    torch.testing.assert_close(stack.ldr[0, 0], medium.ldr)
    torch.testing.assert_close(stack.reference16, medium.reference16)
    for frame, exposure in zip(stack.ldr, ("medium", "short", "long"), strict=True):
        source = HdmSource(root=str(hdm_tree.root), exposure=exposure)
        single = only(source, window=window)
        torch.testing.assert_close(frame[0], single.ldr)
        wanted = single.ldr**2.24 * 2.0 ** -source.stops("0000", exposure)
        torch.testing.assert_close(frame[1], wanted, rtol=1e-4, atol=1e-6)


def test_a_window_is_cut_from_the_same_place_of_all_three_images(hdm_tree) -> None:
    source = HdmSource(root=str(hdm_tree.root))
    window = Window(16, 8, (0.4, 0.7), (0.5, 0.2), zoom=2.0)  # files cannot be resampled: the zoom is ignored
    rows, columns = window.region(24, 32)
    for part, whole in zip(only(source, window=window)[:3], only(source)[:3], strict=True):
        assert part.shape == (3, 8, 8)
        assert torch.equal(part, whole[:, rows, columns])


def test_neighbouring_frames_of_one_shot_share_a_group(hdm_tree) -> None:
    groups = {scene.id: scene.group for scene in HdmSource(root=str(hdm_tree.root)).scenes()}
    assert groups == {"0000": "0000", "0001": "0000", "0002": "0002", "0003": "0002", "0004": "0004", "0005": "0004"}


def test_a_table_of_sequences_replaces_the_search(hdm_tree, tmp_path: Path) -> None:
    table = tmp_path / "sequences.csv"
    table.write_text("scene,sequence\n" + "".join(f"{n:04d},film\n" for n in range(6)))
    source = HdmSource(root=str(hdm_tree.root), sequences=str(table))
    assert {scene.group for scene in source.scenes()} == {"film"}


def test_frames_without_a_reference_are_skipped_and_counted(hdm_tree) -> None:
    hdm_tree.add("0010", shot=7, gt=False)
    hdm_tree.add("0011", shot=7, gt=False)
    source = HdmSource(root=str(hdm_tree.root))
    assert len(source.scenes()) == 6
    assert len(source.unreferenced) == 2


def test_excluded_scenes_are_neither_used_nor_counted_as_lacking_a_reference(hdm_tree, tmp_path: Path) -> None:
    (tmp_path / "exclude.txt").write_text("# bad ones\n0001   # misaligned\n\n0005\n")
    source = HdmSource(root=str(hdm_tree.root), exclude=str(tmp_path / "exclude.txt"))
    assert [scene.id for scene in source.scenes()] == ["0000", "0002", "0003", "0004"]
    assert source.unreferenced == []


def test_scenes_in_subfolders_have_their_folder_in_the_id(hdm_tree) -> None:
    hdm_tree.add("part2/0000", shot=9)
    source = HdmSource(root=str(hdm_tree.root))
    assert "part2/0000" in [scene.id for scene in source.scenes()]
    assert only(source, "part2/0000").scene == "part2/0000"


# Real samples.


def test_the_real_samples_read_as_their_files_say(shared: Path) -> None:
    source = HdmSource(root=str(shared / "hdm"))
    assert [scene.id for scene in source.scenes()] == ["0000", "0001"]
    assert len(source.unreferenced) == 2  # frames/0028 and frames/0050
    triple = only(source)
    stored = np.asarray(Image.open(shared / "hdm" / "0000_medium.png"))
    assert np.array_equal((triple.ldr * 255).round().numpy().astype(np.uint8), stored.transpose(2, 0, 1))
    # The medium frame and its reference are aligned: where nothing clips they agree to a few code values.
    exposed = (triple.ldr > 0.1) & (triple.ldr < 0.9)
    assert float((triple.ldr - triple.reference16)[exposed].abs().median()) < 0.02


@pytest.mark.parametrize("exposure", ["short", "long"])
def test_the_alignment_formula_holds_on_the_real_short_and_long_frames(shared: Path, exposure: str) -> None:
    ldr, _, aligned, _, _ = only(HdmSource(root=str(shared / "hdm"), exposure=exposure))
    unaligned = only(HdmSource(root=str(shared / "hdm"), exposure=exposure, align="medium")).reference16
    exposed = (ldr > 0.1) & (ldr < 0.9)
    # Not exactly: the frames are real photographs of moving things.
    ratio = [float((ldr / reference)[exposed].median()) for reference in (aligned, unaligned)]
    assert ratio[0] == pytest.approx(1, abs=0.1)
    assert ratio[1] == pytest.approx(2 ** ({"short": -2, "long": 2}[exposure] / 2.24), rel=0.1)


# Refusals, each in one line with the file or setting and the cure.


def assert_refused(file: Path, *seen: object, exposure: str = "medium") -> None:
    """Reading the scene of this file names the file."""
    source = HdmSource(root=str(file.parent), exposure=exposure)
    with refusal_of(file, *seen):
        only(source, file.name[:4])


def test_unknown_choices_are_refused_with_the_choices(hdm_tree) -> None:
    with refusal_of("data.source.exposure=bright", *EXPOSURES, "random"):
        HdmSource(root=str(hdm_tree.root), exposure="bright")
    with refusal_of("data.source.align=long", "frame", "medium"):
        HdmSource(root=str(hdm_tree.root), align="long")


def test_a_missing_folder_and_one_without_references_are_refused(tmp_path: Path, hdm_tree) -> None:
    with refusal_of(f"data.root={tmp_path / 'nowhere'}"):
        HdmSource(root=str(tmp_path / "nowhere"))
    for file in hdm_tree.root.glob("*_gt.png"):
        file.unlink()
    with refusal_of(f"data.root={hdm_tree.root}", "_gt.png", 6):
        HdmSource(root=str(hdm_tree.root))


def test_a_missing_frame_scale_or_exposure_is_named(hdm_tree) -> None:
    root = hdm_tree.root
    (root / "0000_medium.png").unlink()
    assert_refused(root / "0000_medium.png")
    (root / "0001_alignratio.npy").unlink()
    assert_refused(root / "0001_alignratio.npy")
    (root / "0002_exposures.npy").unlink()
    assert_refused(root / "0002_exposures.npy", exposure="short")
    # The medium frame needs no exposures: the references are its own.
    assert float(only(HdmSource(root=str(root)), "0002").scale) == 1


@pytest.mark.parametrize(
    ("stops", "seen"), [([0.0, 0.0], "[0.0, 0.0]"), ([0, np.nan, 1.0], "[0.0, nan, 1.0]"), ([[0.0] * 4], "(1, 4)")]
)
def test_exposures_that_are_not_three_numbers_are_refused_with_what_they_are(hdm_tree, stops: list, seen: str) -> None:
    np.save(hdm_tree.root / "0000_exposures.npy", stops)
    assert_refused(hdm_tree.root / "0000_exposures.npy", seen, "short, medium, long", exposure="long")


@pytest.mark.parametrize("content", [b"", b"garbage"])
def test_damaged_exposures_are_refused(hdm_tree, content: bytes) -> None:
    (hdm_tree.root / "0000_exposures.npy").write_bytes(content)
    assert_refused(hdm_tree.root / "0000_exposures.npy", exposure="long")


def test_pickled_exposures_are_not_unpickled(hdm_tree) -> None:
    np.save(hdm_tree.root / "0000_exposures.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert_refused(hdm_tree.root / "0000_exposures.npy", exposure="long")


def test_sizes_that_differ_are_refused_with_both_sizes(hdm_tree) -> None:
    Image.fromarray(np.zeros((10, 12, 3), np.uint8)).save(hdm_tree.root / "0000_medium.png")
    assert_refused(hdm_tree.root / "0000_medium.png", "12x10", "32x24")


def test_a_16_bit_frame_and_an_8_bit_reference_are_refused(hdm_tree) -> None:
    import cv2

    cv2.imwrite(str(hdm_tree.root / "0000_medium.png"), np.zeros((24, 32, 3), np.uint16))
    assert_refused(hdm_tree.root / "0000_medium.png", "uint16", "8-bit")
    Image.fromarray(np.zeros((24, 32, 3), np.uint8)).save(hdm_tree.root / "0001_gt.png")
    assert_refused(hdm_tree.root / "0001_gt.png", "8-bit")


def test_a_damaged_frame_is_refused(hdm_tree) -> None:
    frame = hdm_tree.root / "0000_medium.png"
    frame.write_bytes(frame.read_bytes()[:100])
    assert_refused(frame)
