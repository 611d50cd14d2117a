"""`twostage-hdr inspect`: exit codes, page, exclude list."""

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from twostage_hdr.cli.main import main

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs the command on the folder `hdr`, in its parent; gives exit code and everything printed."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> tuple[int, str]:
        always = ["inspect", "data=hdr_folder", "data.root=hdr", "workers=0", "patch_size=16", "hydra.run.dir=look"]
        monkeypatch.setattr(sys, "argv", ["twostage-hdr", *always, *arguments])
        with pytest.raises(SystemExit) as leaving:
            main()
        told = capsys.readouterr()
        return int(leaving.value.code or 0), " ".join((told.out + told.err).split())

    return command


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    """Five HDR files, each its own place."""
    root = tmp_path / "hdr"
    root.mkdir()
    for number in range(5):
        pixels = np.kron(np.random.default_rng(number).lognormal(-1, 1.5, (4, 5, 3)), np.ones((8, 8, 1)))
        cv2.imwrite(str(root / f"{number}.hdr"), pixels.astype(np.float32))
    return root


def test_sound_data_leave_with_zero_and_a_page(run: Run, tmp_path: Path) -> None:
    code, told = run()
    assert code == 0
    assert "Nothing would harm training" in told
    assert (tmp_path / "look" / "inspection.html").stat().st_size > 10_000
    assert not (tmp_path / "look" / "exclude.txt").exists()


def test_poison_leaves_with_one_until_it_is_excluded(run: Run, folder: Path) -> None:
    cv2.imwrite(str(folder / "black.hdr"), np.zeros((32, 40, 3), np.float32))
    code, told = run()
    assert code == 1
    assert "black.hdr all black" in told
    code, told = run("quarantine=true")
    assert code == 1
    assert "Excluded 1 scenes" in told
    assert run("data.source.exclude=look/exclude.txt")[0] == 0


def test_a_wrong_command_leaves_with_two(run: Run) -> None:
    assert run("quarantin=true")[0] == 2
    assert run("data.root=nowhere")[0] == 2
