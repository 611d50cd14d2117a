"""Trees with one flaw each: the flaw is told of its file, and nothing else is."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from twostage_hdr.camera.bracket_camera import BracketCamera
from twostage_hdr.camera.exposure import ClippedShareExposure
from twostage_hdr.camera.response import GammaResponse
from twostage_hdr.camera.virtual_camera import VirtualCamera
from twostage_hdr.data.hdm import HdmSource
from twostage_hdr.data.hdr_folder import HdrFolderSource
from twostage_hdr.data.inspection.inspection import Inspection, inspect_source
from twostage_hdr.data.inspection.page import write_page
from twostage_hdr.data.splits import Splits, made_or_read, write_splits

Flaw = Callable[[Path], object]


def look(source: Any, split_file: str | None = None) -> Inspection:
    make_splits = partial(made_or_read, split_file=split_file, val_fraction=0.1, test_fraction=0.2, seed=0)
    return inspect_source(source, make_splits, seed=0, patch_size=16, workers=0)


def swap(root: Path) -> None:
    short, long = root / "0002_short.png", root / "0002_long.png"
    kept = short.read_bytes()
    short.write_bytes(long.read_bytes())
    long.write_bytes(kept)


def shift(root: Path) -> None:
    path = root / "0002_medium.png"
    Image.fromarray(np.roll(np.array(Image.open(path)), 4, axis=1)).save(path)


def blacken(root: Path) -> None:
    path = root / "0002_gt.png"
    cv2.imwrite(str(path), np.zeros_like(cv2.imread(str(path), cv2.IMREAD_UNCHANGED)))


def to_eight_bit(root: Path) -> None:
    path = root / "0002_gt.png"
    cv2.imwrite(str(path), (cv2.imread(str(path), cv2.IMREAD_UNCHANGED) // 257).astype(np.uint8))


def stretch(root: Path) -> None:
    path = root / "0002_gt.png"
    cv2.imwrite(str(path), cv2.imread(str(path), cv2.IMREAD_UNCHANGED) // 257 * 257)


def linearise(root: Path) -> None:
    path = root / "0002_gt.png"
    stored = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    ratio = float(np.load(root / "0002_alignratio.npy"))
    linear = (stored / ratio) ** 2.24
    np.save(root / "0002_alignratio.npy", 65535 / linear.max())
    cv2.imwrite(str(path), np.rint(linear * 65535 / linear.max()).astype(np.uint16))


def crop(root: Path) -> None:
    path = root / "0002_short.png"
    Image.open(path).crop((0, 0, 70, 60)).save(path)


def repeat(root: Path) -> None:
    (root / "0002_medium.png").write_bytes((root / "0002_short.png").read_bytes())


HDM_FLAWS: list[tuple[Flaw, str, str]] = [
    (lambda root: (root / "0002_alignratio.npy").unlink(), "0002_alignratio.npy", "missing"),
    (lambda root: np.save(root / "0002_alignratio.npy", np.nan), "0002_alignratio.npy", "alignratio nan"),
    (lambda root: np.save(root / "0002_alignratio.npy", -3.0), "0002_alignratio.npy", "alignratio -3.0"),
    (lambda root: (root / "0002_long.png").unlink(), "0002_long.png", "missing"),
    (lambda root: (root / "0002_gt.png").write_bytes(b"\x89PNG\r\n\x1a\nhalf"), "0002_gt.png", "unreadable PNG"),
    (lambda root: (root / "0002_medium.png").write_bytes(b""), "0002_medium.png", "the file is empty"),
    (lambda root: np.save(root / "0002_exposures.npy", np.array([1.0])), "0002_exposures.npy", "holds [1.0]"),
    (
        lambda root: np.save(root / "0002_exposures.npy", np.array([1.0, 0.0, -1.0])),
        "0002_long.png",
        "gives medium no more light than short",
    ),
    (swap, "0002_long.png", "darker than"),
    (shift, "0002_medium.png", "shifted +"),
    (blacken, "0002_gt.png", "all black"),
    (to_eight_bit, "0002_gt.png", "8-bit PNG"),
    (stretch, "0002_gt.png", "16-bit file with 8-bit content"),
    (linearise, "0002_gt.png", "different curves"),
    (crop, "0002_short.png", "70x60 px, the reference 96x72"),
    (repeat, "0002_long.png", "the same picture"),
]


@pytest.fixture
def hdm(tmp_path: Path) -> Path:
    """Four scenes of 96 x 72 px with detail, each its own shot, in the challenge's layout."""
    root = tmp_path / "tree"
    root.mkdir()
    for number in range(4):
        rng = np.random.default_rng(number)
        coarse = np.kron(rng.uniform(0.02, 1, (6, 8, 3)), np.ones((12, 12, 1)))
        encoded = coarse * rng.uniform(0.6, 1.4, (72, 96, 3))
        encoded[:9, :12] *= 3
        ratio = 65535 / encoded.max()
        cv2.imwrite(str(root / f"{number:04d}_gt.png"), np.rint(encoded * ratio)[:, :, ::-1].astype(np.uint16))
        np.save(root / f"{number:04d}_alignratio.npy", ratio)
        np.save(root / f"{number:04d}_exposures.npy", np.array([-3.0, -1.0, 1.0]))
        for name, stops in (("short", -2), ("medium", 0), ("long", 2)):
            frame = (encoded * 2 ** (stops / 2.24)).clip(0, 248 / 255)
            Image.fromarray(np.rint(frame * 255).astype(np.uint8)).save(root / f"{number:04d}_{name}.png")
    return root


def test_a_sound_tree_has_no_findings(hdm: Path) -> None:
    inspection = look(HdmSource(root=str(hdm)))
    assert inspection.findings == []
    assert [record.scene for record in inspection.records] == ["0000", "0001", "0002", "0003"]
    assert all(record.size == (72, 96) for record in inspection.records)
    assert all(set(record.clipped) == {"short", "medium", "long"} for record in inspection.records)
    assert len(set(inspection.groups.values())) == 4
    assert inspection.splits is not None


@pytest.mark.parametrize(("flaw", "file", "said"), HDM_FLAWS)
def test_each_flaw_is_told_of_its_file_alone(hdm: Path, flaw: Flaw, file: str, said: str) -> None:
    flaw(hdm)
    inspection = look(HdmSource(root=str(hdm)))
    assert {finding.scene for finding in inspection.findings} == {"0002"}
    assert [finding.file for finding in inspection.harmful] == [file]
    assert said in inspection.harmful[0].problem
    assert inspection.harmful[0].cure


def test_scenes_on_an_exclude_list_are_not_looked_at(hdm: Path) -> None:
    swap(hdm)
    (hdm / "out.txt").write_text("0002  # swapped\n")
    assert look(HdmSource(root=str(hdm), exclude=str(hdm / "out.txt"))).findings == []


def test_missing_exposures_do_no_harm_where_no_scene_has_them_and_none_is_needed(hdm: Path) -> None:
    for path in (*hdm.glob("*_long.png"), *hdm.glob("*_exposures.npy")):
        path.unlink()
    inspection = look(HdmSource(root=str(hdm)))
    assert inspection.harmful == []
    assert {finding.problem for finding in inspection.findings} == {"missing"}
    assert look(HdmSource(root=str(hdm), exposure="random")).harmful


def test_frames_without_reference_are_worth_a_note(hdm: Path) -> None:
    for name in ("gt.png", "alignratio.npy"):
        (hdm / f"0003_{name}").unlink()
    inspection = look(HdmSource(root=str(hdm)))
    assert [(finding.scene, finding.harmful) for finding in inspection.findings] == [("0003", False)]


def test_a_repeated_scene_joins_its_twins_group_and_is_worth_a_note(hdm: Path) -> None:
    for path in list(hdm.glob("0000_*")):
        (hdm / path.name.replace("0000", "0004")).write_bytes(path.read_bytes())
    inspection = look(HdmSource(root=str(hdm)))
    assert inspection.groups["0004"] == inspection.groups["0000"]
    assert [(finding.scene, finding.harmful) for finding in inspection.findings] == [("0004", False)]
    assert "the same picture as 0000" in inspection.findings[0].problem


def test_twins_that_a_split_file_sets_apart_are_poison(hdm: Path, tmp_path: Path) -> None:
    for path in list(hdm.glob("0000_*")):
        (hdm / path.name.replace("0000", "0004")).write_bytes(path.read_bytes())
    (tmp_path / "told.csv").write_text("scene,sequence\n" + "".join(f"000{n},{n}\n" for n in range(5)))
    splits = Splits(("0000", "0001"), ("0002", "0003"), ("0004",))
    write_splits(tmp_path / "splits.json", splits)
    source = HdmSource(root=str(hdm), sequences=str(tmp_path / "told.csv"))
    problems = [finding.problem for finding in look(source, str(tmp_path / "splits.json")).harmful]
    assert any("in test, but shows the picture of 0000 in train" in problem for problem in problems)


@pytest.mark.parametrize("twins_set", ["train", "test"])
def test_one_of_two_copies_is_kept(hdr_tree: Path, noisy_camera: VirtualCamera, tmp_path: Path, twins_set: str) -> None:
    (hdr_tree / "bad.hdr").write_bytes((hdr_tree / "a.hdr").read_bytes())
    source = HdrFolderSource(root=str(hdr_tree), camera=noisy_camera)
    others = tuple(scene.id for scene in source.scenes() if scene.id not in ("a.hdr", "bad.hdr"))
    first, last = ("bad.hdr", "a.hdr") if twins_set == "train" else ("a.hdr", "bad.hdr")
    write_splits(tmp_path / "splits.json", Splits((first,), others, (last,)))
    harmful = look(source, str(tmp_path / "splits.json")).harmful
    assert {finding.scene for finding in harmful} == {"bad.hdr"}


def test_a_split_file_between_whose_sets_a_group_leaks_is_poison(hdm: Path, tmp_path: Path) -> None:
    (tmp_path / "told.csv").write_text("scene,sequence\n0000,a\n0001,a\n0002,b\n0003,c\n")
    write_splits(tmp_path / "splits.json", Splits(("0000",), ("0002",), ("0001", "0003")))
    source = HdmSource(root=str(hdm), sequences=str(tmp_path / "told.csv"))
    found = look(source, str(tmp_path / "splits.json")).harmful
    assert [finding.file for finding in found] == [str(tmp_path / "splits.json")]
    assert "group 'a' is in both" in found[0].problem


def test_real_samples_are_sound(shared: Path) -> None:
    inspection = look(HdmSource(root=str(shared / "hdm")))
    assert inspection.harmful == []
    assert len(inspection.records) == 2
    assert len(set(inspection.groups.values())) <= 2


def write_linear(path: Path, pixels: np.ndarray) -> None:
    assert cv2.imwrite(str(path), pixels[:, :, ::-1].astype(np.float32))


def nan_exr(root: Path) -> None:
    import OpenEXR

    pixels = np.ones((20, 30, 3), np.float32)
    pixels[3, 4] = np.nan
    with OpenEXR.File({"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}, {"RGB": pixels}) as file:
        file.write(str(root / "bad.exr"))


FOLDER_FLAWS: list[tuple[Flaw, str, str]] = [
    (nan_exr, "bad.exr", "3 of 1800 values are NaN or infinite"),
    (lambda root: (root / "bad.hdr").write_bytes(b"#?RADIANCE\nhalf"), "bad.hdr", ""),
    (lambda root: write_linear(root / "bad.hdr", np.zeros((20, 30, 3))), "bad.hdr", "all black"),
    (
        lambda root: write_linear(root / "bad.hdr", 2.0 ** np.random.default_rng(0).integers(0, 9, (80, 80, 3))),
        "bad.hdr",
        "an 8-bit picture",
    ),
    (
        lambda root: (root / "bad.hdr").write_bytes((root / "a.hdr").read_bytes()),
        "bad.hdr",
        "the same picture as a.hdr",
    ),
]


@pytest.mark.parametrize(("flaw", "file", "said"), FOLDER_FLAWS)
def test_flaws_of_hdr_files_are_told(
    hdr_tree: Path, noisy_camera: VirtualCamera, flaw: Flaw, file: str, said: str
) -> None:
    assert look(HdrFolderSource(root=str(hdr_tree), camera=noisy_camera)).harmful == []
    flaw(hdr_tree)
    found = look(HdrFolderSource(root=str(hdr_tree), camera=noisy_camera)).harmful
    assert {finding.file for finding in found} == {file}
    assert said in found[0].problem


def test_a_png_without_its_scale_is_worth_a_note(hdr_tree: Path, noisy_camera: VirtualCamera) -> None:
    cv2.imwrite(str(hdr_tree / "lost_gt.png"), np.zeros((20, 30, 3), np.uint16))
    found = look(HdrFolderSource(root=str(hdr_tree), camera=noisy_camera)).findings
    assert [finding.file for finding in found if "without lost_alignratio.npy" in finding.problem] == ["lost_gt.png"]


def test_the_page_is_one_file_that_shows_every_scene_and_finding(hdm: Path, tmp_path: Path) -> None:
    shift(hdm)
    write_page(tmp_path / "page.html", look(HdmSource(root=str(hdm))), title="<Mine> & yours")
    page = (tmp_path / "page.html").read_text()
    assert "&lt;Mine&gt; &amp; yours" in page
    assert page.count("<svg") == 3
    assert page.count("data:image/jpeg;base64,") == 4
    assert "against the reference" in page
    for outside in ('src="http', 'href="http', "@import", "<script", "url(http"):
        assert outside not in page


def test_the_page_of_a_large_set_shows_some_scenes_and_all_flagged_ones(hdm: Path, tmp_path: Path) -> None:
    swap(hdm)
    write_page(tmp_path / "page.html", look(HdmSource(root=str(hdm))), title="t", sheets=1)
    assert (tmp_path / "page.html").read_text().count("<figure") == 2


def test_brackets_of_a_folder_and_of_hdm_are_inspected_by_their_reference_frame(hdm_tree: Any, tmp_path: Path) -> None:
    assert not look(HdmSource(root=str(hdm_tree.root), exposure="all")).harmful
    for number in range(3):
        pixels = np.random.default_rng(number).lognormal(0, 1, (24, 32, 3)).astype(np.float32)
        cv2.imwrite(str(tmp_path / f"{number}.hdr"), pixels)
    camera = BracketCamera(exposure=ClippedShareExposure(low=0.05, high=0.2), response=GammaResponse())
    inspection = look(HdrFolderSource(root=str(tmp_path), camera=camera))
    assert not inspection.harmful
    assert all(record.clipped is not None and record.clipped["camera"] > 0 for record in inspection.records)


def test_pipes_and_folders_with_the_name_of_an_image_are_passed_over(
    tmp_path: Path, noisy_camera: VirtualCamera
) -> None:
    cv2.imwrite(str(tmp_path / "a.hdr"), np.full((40, 60, 3), 0.5, np.float32))
    (tmp_path / "b.png").mkdir()
    os.mkfifo(tmp_path / "c.png")
    inspection = look(HdrFolderSource(root=str(tmp_path), camera=noisy_camera))
    assert [record.scene for record in inspection.records] == ["a.hdr"]
    assert {finding.file for finding in inspection.findings} <= {"a.hdr", ""}
