"""Stores are read back with NumPy, Pillow and OpenCV, as a stranger would."""

import csv
import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.refusal import refusal_of
from twostage_hdr.data.store.prepare import prepare

Contents = Callable[[Path], dict[str, bytes]]
Planner = Callable[..., Any]


class KilledError(Exception):
    pass


def kill_after(scenes: int) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        if done == scenes:
            raise KilledError

    return progress


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_patches_are_the_files_own_integers_at_the_places_that_the_table_tells(hdm_store: Path, hdm_tree: Any) -> None:
    ldr, reference = (np.load(hdm_store / "train" / f"{name}.npy", mmap_mode="r") for name in ("ldr", "reference"))
    assert (ldr.dtype, ldr.shape) == (np.uint8, (11, 3, 8, 8, 3))
    assert (reference.dtype, reference.shape) == (np.uint16, (11, 8, 8, 3))
    table = rows(hdm_store / "train" / "patches.csv")
    assert len(table) == 11
    for patch in table:
        number, top, left = (int(patch[name]) for name in ("patch", "row", "column"))
        cut = (slice(top, top + 8), slice(left, left + 8))
        stem = hdm_tree.root / patch["scene"]
        for place, name in enumerate(("short", "medium", "long")):
            assert np.array_equal(ldr[number, place], np.array(Image.open(f"{stem}_{name}.png"))[cut])
        stored = cv2.imread(f"{stem}_gt.png", cv2.IMREAD_UNCHANGED)[:, :, ::-1][cut]
        assert np.array_equal(reference[number], stored)
        assert np.load(hdm_store / "train" / "alignratio.npy")[number] == np.load(f"{stem}_alignratio.npy")
    assert np.load(hdm_store / "train" / "stops.npy").tolist() == [[-2.0, 0.0, 2.0]] * 11


def test_whole_images_are_the_files_of_their_scenes(hdm_store: Path, hdm_tree: Any) -> None:
    told = json.loads((hdm_store / "store.json").read_text())
    for part in ("val", "test"):
        table = rows(hdm_store / part / "scenes.csv")
        assert [row["scene"] for row in table] == told["splits"][part]
        for row in table:
            frames = np.load(hdm_store / part / f"{int(row['number']):04d}_ldr.npy")
            assert frames.shape == (3, int(row["height"]), int(row["width"]), 3)
            assert np.array_equal(frames[1], np.array(Image.open(hdm_tree.root / f"{row['scene']}_medium.png")))


def test_sets_share_no_sequence(hdm_store: Path) -> None:
    told = json.loads((hdm_store / "store.json").read_text())
    groups = [{told["groups"][scene] for scene in told["splits"][part]} for part in ("train", "val", "test")]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 3
    assert {row["scene"] for row in rows(hdm_store / "train" / "patches.csv")} <= set(told["splits"]["train"])


def test_checksums_are_right_and_cover_every_file(hdm_store: Path, hdm_tree: Any) -> None:
    listed = dict(line.split("  ")[::-1] for line in (hdm_store / "SHA256SUMS").read_text().splitlines())
    files = {path.relative_to(hdm_store).as_posix() for path in hdm_store.rglob("*") if path.is_file()}
    assert set(listed) == files - {"SHA256SUMS"}
    for name, digest in listed.items():
        assert hashlib.sha256((hdm_store / name).read_bytes()).hexdigest() == digest
    for row in rows(hdm_store / "sources.csv"):
        data = (hdm_tree.root / row["file"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (int(row["bytes"]), row["sha256"])


def test_the_checksum_file_suits_sha256sum(hdm_store: Path) -> None:
    try:
        checked = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=hdm_store, check=False)
    except FileNotFoundError:
        pytest.skip("no sha256sum here")
    assert checked.returncode == 0


@pytest.mark.parametrize("planner", ["hdm_plan", "camera_plan"])
def test_a_run_killed_after_each_scene_leaves_the_bytes_of_an_uninterrupted_one(
    planner: str, request: pytest.FixtureRequest, tmp_path: Path, contents: Contents
) -> None:
    plan_for: Planner = request.getfixturevalue(planner)
    prepare(*plan_for(), tmp_path / "whole", workers=0)
    tasks = len(plan_for()[1].scenes)
    for scenes in range(1, tasks):
        with pytest.raises(KilledError):
            prepare(*plan_for(), tmp_path / "killed", workers=0, progress=kill_after(scenes))
        # What a kill in the middle of a write leaves behind.
        (tmp_path / "killed" / "train" / ".ldr.tmp-1-1.npy").write_bytes(b"half")
    assert prepare(*plan_for(), tmp_path / "killed", workers=0)
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.parametrize("planner", ["hdm_plan", "camera_plan"])
def test_the_number_of_workers_does_not_matter(
    planner: str, request: pytest.FixtureRequest, tmp_path: Path, contents: Contents
) -> None:
    plan_for: Planner = request.getfixturevalue(planner)
    for workers in (0, 3):
        prepare(*plan_for(), tmp_path / str(workers), workers=workers)
    assert contents(tmp_path / "0") == contents(tmp_path / "3")


def test_a_complete_store_is_left_alone(hdm_plan: Planner, hdm_store: Path, contents: Contents) -> None:
    before = contents(hdm_store), (hdm_store / "train" / "ldr.npy").stat().st_mtime_ns
    assert not prepare(*hdm_plan(), hdm_store, workers=0)
    assert (contents(hdm_store), (hdm_store / "train" / "ldr.npy").stat().st_mtime_ns) == before


@pytest.mark.parametrize(
    ("settings", "difference"),
    [
        ({"seed": 1}, "settings.seed: 0 -> 1"),
        ({"patches": 12}, "settings.patches: 11 -> 12"),
        ({"informative": True}, "settings.informative: False -> True"),
        ({"placement": "grid", "patches": 3}, "settings.placement: random -> grid"),
    ],
)
@pytest.mark.parametrize("finished", [True, False])
def test_settings_are_never_mixed_in_one_store(
    hdm_plan: Planner, tmp_path: Path, settings: dict[str, Any], difference: str, finished: bool
) -> None:
    if finished:
        prepare(*hdm_plan(), tmp_path / "store", workers=0)
    else:
        with pytest.raises(KilledError):
            prepare(*hdm_plan(), tmp_path / "store", workers=0, progress=kill_after(1))
    with refusal_of(tmp_path / "store", difference):
        prepare(*hdm_plan(**settings), tmp_path / "store", workers=0)


def test_a_scene_whose_file_changed_meanwhile_is_written_again(
    hdm_plan: Planner, hdm_tree: Any, tmp_path: Path, contents: Contents
) -> None:
    with pytest.raises(KilledError):
        prepare(*hdm_plan(), tmp_path / "store", workers=0, progress=kill_after(2))
    scene = hdm_plan()[1].splits.train[0]
    path = hdm_tree.root / f"{scene}_short.png"
    Image.fromarray(np.array(Image.open(path)) // 2).save(path)
    prepare(*hdm_plan(), tmp_path / "store", workers=0)
    prepare(*hdm_plan(), tmp_path / "fresh", workers=0)
    assert contents(tmp_path / "store") == contents(tmp_path / "fresh")


def test_other_folders_are_not_written_into(hdm_plan: Planner, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("x")
    with refusal_of(f"out={tmp_path / 'thesis'}", "'chapter.tex'"):
        prepare(*hdm_plan(), tmp_path / "thesis", workers=0)
    with refusal_of(f"out={tmp_path / 'thesis' / 'chapter.tex'}"):
        prepare(*hdm_plan(), tmp_path / "thesis" / "chapter.tex", workers=0)


def test_two_runs_do_not_write_into_one_store(hdm_plan: Planner, tmp_path: Path) -> None:
    def second(done: int, total: int) -> None:
        with refusal_of(f"out={tmp_path / 'store'}", "prepare"):
            prepare(*hdm_plan(), tmp_path / "store", workers=0)

    assert prepare(*hdm_plan(), tmp_path / "store", workers=0, progress=second)


def test_a_scene_that_cannot_be_read_is_named_and_the_rest_can_go_on(
    hdm_plan: Planner, hdm_tree: Any, tmp_path: Path
) -> None:
    broken = hdm_tree.root / "0003_long.png"
    saved = broken.read_bytes()
    broken.write_bytes(saved[:100])
    with refusal_of(broken):
        prepare(*hdm_plan(), tmp_path / "store", workers=0)
    broken.write_bytes(saved)
    assert prepare(*hdm_plan(), tmp_path / "store", workers=0)


def test_the_whole_grid_is_cut_once(hdm_plan: Planner, tmp_path: Path) -> None:
    maker, plan = hdm_plan(placement="grid", patches=None)
    assert plan.patches == len(plan.splits.train) * 3 * 4
    prepare(maker, plan, tmp_path / "store", workers=0)
    table = rows(tmp_path / "store" / "train" / "patches.csv")
    places = {(row["scene"], int(row["row"]), int(row["column"])) for row in table}
    assert places == {(s, r, c) for s in plan.splits.train for r in (0, 8, 16) for c in (0, 8, 16, 24)}


def test_the_frozen_photographs_are_those_of_the_source_itself(camera_plan: Planner, tmp_path: Path) -> None:
    from twostage_hdr.data.patches import FixedCameraImages
    from twostage_hdr.data.store.store_source import StoreSource

    maker, plan = camera_plan()
    prepare(maker, plan, tmp_path / "store", workers=0)
    stored = StoreSource(root=str(tmp_path / "store"))
    for scene in (*plan.part("val"), *plan.part("test")):
        direct = FixedCameraImages(maker.source, [scene], seed=0)[0]
        again = FixedCameraImages(stored, [scene], seed=5)[0]
        assert np.array_equal(again.ldr, direct.ldr)
        assert np.allclose(again.reference16, direct.reference16, atol=direct.reference16.max().item() / 65535 / 1.9)
        assert again.scale == direct.scale
