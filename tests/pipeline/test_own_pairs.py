"""Data with references of their own through every verb: inspect, train, resume, evaluate, prepare."""

import importlib.util
import json
import shutil
from pathlib import Path

import pytest
import torch

from tests.data.test_gain_map import write_ultra_hdr
from tests.data.test_paired import add
from tests.imaging.test_apple_gain_map import write_heic, write_jpeg
from tests.pipeline.conftest import ON_CPU, TINY_DISCRIMINATOR, TINY_NETWORK, Command

SMALL = ("data.batch_size=2", "data.patch_size=24", "data.crop_size=16", "data.patches_per_epoch=4", "data.workers=0")
SCENES = 5


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """As SI-HDR has them."""
    for number in range(SCENES):
        add(tmp_path / "pairs", number, f"input/clip_95/{number:03}.png", f"reference/{number:03}.exr")
    return tmp_path / "pairs"


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """Of several telephones."""
    for number in range(SCENES - 1):
        write_ultra_hdr(tmp_path / "photographs" / f"{number}.jpg", number)
    heic = importlib.util.find_spec("pillow_heif") is not None
    (write_heic if heic else write_jpeg)(tmp_path / "photographs" / "apple.heic")
    return tmp_path / "photographs"


def settings(data: str) -> tuple[str, ...]:
    return {
        "paired": (
            "data=paired",
            "data.root=pairs",
            "data.source.ldr=input/clip_95/%.png",
            "data.source.hdr=reference/%.exr",
        ),
        "gain_map": ("data=gain_map", "data.root=photographs"),
    }[data]


@pytest.mark.slow
@pytest.mark.parametrize("data", ["paired", "gain_map"])
def test_two_updates_a_resumed_run_and_its_scores(
    command: Command, tmp_path: Path, pairs: Path, photographs: Path, data: str
) -> None:
    tiny = (*settings(data), *SMALL, *ON_CPU, *TINY_NETWORK, *TINY_DISCRIMINATOR)
    assert command("train", *tiny, "trainer.max_epochs=1", "hydra.run.dir=first") == 0
    resumed = "resume_from=first/checkpoints/last.ckpt"
    assert command("train", *tiny, "trainer.max_epochs=2", resumed, "hydra.run.dir=run") == 0
    last = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)
    assert last["epoch"] == 1
    assert command("evaluate", "weights=run", "hydra.run.dir=own") == 0
    assert command("evaluate", "weights=two_stage_any", *settings(data), "split=all", "hydra.run.dir=all") == 0
    rows = json.loads((tmp_path / "all" / "summary.json").read_text("utf-8"))["rows"]
    assert [len(row["per_image"]) for row in rows] == [SCENES, SCENES]


@pytest.mark.slow
@pytest.mark.parametrize("data", ["paired", "gain_map"])
def test_a_store_of_pairs_holds_the_frames_themselves(
    command: Command, tmp_path: Path, pairs: Path, photographs: Path, data: str
) -> None:
    small = ("patches=6", "patch_size=24", "workers=0", "out=store")
    assert command("prepare", *settings(data), *small) == 0
    train = ("train", "data=store", "data.root=store", "data.batch_size=2", "data.crop_size=16", *ON_CPU)
    assert command(*train, *TINY_NETWORK, *TINY_DISCRIMINATOR, "trainer.max_epochs=1", "hydra.run.dir=stored") == 0
    listed = (tmp_path / "store" / "sources.csv").read_text("utf-8")
    assert "reference/000.exr" in listed if data == "paired" else "apple.heic" in listed


def test_inspection_finds_what_would_harm(command: Command, tmp_path: Path, pairs: Path) -> None:
    look = ("inspect", *settings("paired"), "workers=0", "patch_size=16", "hydra.run.dir=look")
    assert command(*look) == 0
    shutil.copy(pairs / "input" / "clip_95" / "001.png", pairs / "input" / "clip_95" / "000.png")
    (pairs / "reference" / "002.exr").write_bytes(b"no picture")
    assert command(*look, "quarantine=true") == 1
    told = (tmp_path / "look" / "exclude.txt").read_text("utf-8").splitlines()
    assert told[0].startswith("000  # 000: frame and reference do not belong together")
    assert told[1].startswith("002  # reference/002.exr: damaged or unreadable OpenEXR")
    assert command(*look, "data.source.exclude=look/exclude.txt") == 0
