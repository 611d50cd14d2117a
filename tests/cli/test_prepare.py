"""`twostage-hdr prepare`, and a training from what it wrote."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from twostage_hdr.cli.main import main
from twostage_hdr.data.splits import Splits, write_splits

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs the command in an empty folder; gives exit code and everything printed."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["twostage-hdr", *arguments])
        with pytest.raises(SystemExit) as leaving:
            main()
        code = leaving.value.code
        told = capsys.readouterr()
        return int(code or 0), " ".join((told.out + told.err).split())

    return command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five HDR files, each its own place."""
    root = tmp_path / "hdr"
    root.mkdir()
    for number in range(5):
        pixels = np.kron(np.random.default_rng(number).lognormal(-1, 1.5, (4, 5, 3)), np.ones((8, 8, 1)))
        cv2.imwrite(str(root / f"{number}.hdr"), pixels.astype(np.float32))
    return root


def settings(folder: Path, *more: str) -> list[str]:
    return ["data=hdr_folder", f"data.root={folder}", "patches=7", "patch_size=16", "workers=0", "out=store", *more]


def test_a_store_is_written_once_and_then_found_complete(run: Run, folder: Path, tmp_path: Path) -> None:
    code, told = run("prepare", *settings(folder))
    assert (code, "3 training, 1 validation, 1 test scenes; 7 patches of 16 px, exposures camera" in told) == (0, True)
    assert len(np.load(tmp_path / "store" / "train" / "ldr.npy")) == 7
    assert "complete already, nothing to do" in run("prepare", *settings(folder))[1]
    code, told = run("prepare", *settings(folder, "camera=random"))
    assert code == 2
    assert "error: store: " in told
    assert "GammaResponse" in told


def test_the_stores_description_names_no_place_on_this_machine(run: Run, folder: Path, tmp_path: Path) -> None:
    run("prepare", *settings(folder))
    for file in (tmp_path / "store").rglob("*"):
        if file.suffix in {".json", ".csv", ".txt"}:
            assert str(tmp_path) not in file.read_text()
    told = json.loads((tmp_path / "store" / "store.json").read_text())
    assert told["source"]["cap"] == 10.0
    assert told["source"]["camera"]["response"]["gamma"] == 2.24


def test_pictures_that_leak_between_the_sets_are_refused(run: Run, folder: Path, tmp_path: Path) -> None:
    (folder / "again.hdr").write_bytes((folder / "0.hdr").read_bytes())
    write_splits(tmp_path / "mine.json", Splits(("0.hdr", "1.hdr"), ("2.hdr",), ("again.hdr",)))
    code, told = run("prepare", *settings(folder, "data.split_file=mine.json"))
    assert code == 2
    assert "error: mine.json: '0.hdr' in train and 'again.hdr' in test" in told
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("arguments", "subject", "value"),
    [
        (["out=store"], "data: ", "data="),
        (["data=procedural"], "out: ", "out=VALUE"),
        (["data=procedural", "out=store", "data.patch_size=64"], "data.patch_size=64", "patch_size=N"),
        (["data=procedural", "out=store", "patchs=3"], "patchs", "patches?"),
        (["data=procedural", "out=store", "placement=tiles"], "placement=tiles", "random, grid"),
    ],
)
def test_mistakes_are_one_line(run: Run, arguments: list[str], subject: str, value: str) -> None:
    code, told = run("prepare", *arguments)
    assert code == 2
    assert f"error: {subject}" in told
    assert value in told.split(f"error: {subject}")[1]


@pytest.mark.slow
def test_a_training_and_an_evaluation_run_from_a_store(run: Run, folder: Path, tmp_path: Path) -> None:
    run("prepare", *settings(folder))
    small = ["network.features=8", "network.growth=4"]
    shapes = [f"module.{name}" for name in small]
    code, told = run(
        "train", "data=store", "data.root=store", "data.crop_size=12", "data.batch_size=2", "logger=csv",
        "trainer.max_epochs=1", "trainer.accelerator=cpu", "hydra.run.dir=run", *shapes,
    )  # fmt: skip
    assert code == 0, told
    assert "StoreSource: 3 training, 1 validation, 1 test scenes; 7 patches of 16 px per epoch" in told
    code, told = run("evaluate", "weights=run", "pictures=0")
    assert code == 0, told
    assert "1 images" in told
