"""kill -9 at random moments, through the command line: the same command again ends as if nothing had been."""

import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.fuzz import forked
from tests.fuzz.forked import finish

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")]

SETTINGS = [
    "callbacks=ema",
    "logger=csv",
    "schedule@module.schedule=warmup_cosine",
    "module.schedule.warmup=3",
    "module.network.features=4",
    "module.network.growth=2",
    "+module.discriminator.features=2",
    "callbacks.checkpoints.every_minutes=0",
    "callbacks.progress.refresh_rate=0",
    "trainer=cpu",
    "trainer.max_epochs=3",
    "trainer.log_every_n_steps=3",
    "data.batch_size=2",
    "data.patch_size=24",
    "data.crop_size=16",
    "data.patches_per_epoch=16",
    "data.fresh_patches=true",
    "data.flips=true",
    "data.source.count=8",
    "data.source.height=32",
    "data.source.width=48",
]


def start(folder: Path, *settings: str) -> int:
    """The command in a process of its own."""
    log = folder.parent / f"{folder.name}.log"
    return forked.start(["train", *SETTINGS, *settings, f"hydra.run.dir={folder}"], log)


def run(folder: Path, *settings: str) -> float:
    """Runs to the end and returns how long that took, in seconds."""
    began = time.monotonic()
    code = finish(start(folder, *settings))
    assert code == 0, (folder.parent / f"{folder.name}.log").read_text()
    return time.monotonic() - began


def last(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
    return content


def assert_same_weights(one: Path, other: Path) -> None:
    for part in ("state_dict", "current_model_state", "averaging_state"):
        left, right = last(one)[part], last(other)[part]
        assert left.keys() == right.keys()
        assert all(torch.equal(left[name], right[name]) for name in left), part
    assert last(one)["updates"] == last(other)["updates"] == 24


def test_a_run_killed_again_and_again_ends_with_the_same_weights(tmp_path: Path) -> None:
    rng = random.Random(int(os.environ.get("KILL_SEED", "0")))
    length = run(tmp_path / "whole")
    killed = tmp_path / "killed"
    for _ in range(6):
        process = start(killed)
        time.sleep(rng.uniform(0.1, 0.8) * length)
        os.killpg(process, signal.SIGKILL)
        finish(process)
        if (killed / "finished.json").exists():
            break
    run(killed)
    assert_same_weights(tmp_path / "whole", killed)
    assert not list((killed / "checkpoints").glob(".*"))


@pytest.mark.parametrize("workers", [0, 1])
def test_a_run_asked_to_stop_says_how_to_go_on_and_does(tmp_path: Path, workers: int) -> None:
    length = run(tmp_path / "whole")
    process = start(tmp_path / "stopped", f"data.workers={workers}")
    deadline = time.monotonic() + 10 * length + 60
    while not (tmp_path / "stopped" / "checkpoints" / "last.ckpt").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process, signal.SIGTERM)
    assert finish(process) == 128 + signal.SIGTERM
    told = (tmp_path / "stopped.log").read_text()
    assert "SIGTERM: finishing this batch, then saving." in told
    assert "the same command with hydra.run.dir=" in told
    assert "Traceback" not in told
    run(tmp_path / "stopped", f"data.workers={workers}")
    assert_same_weights(tmp_path / "whole", tmp_path / "stopped")
    parts = sorted(folder.name for folder in (tmp_path / "stopped" / "metrics").iterdir())
    assert parts == ["version_0", "version_1"]


FOREIGN = {
    "weights alone": lambda content: {name: content[name] for name in ("state_dict", "network")},
    "counters of text": lambda content: {**content, "loops": {"fit_loop": "1"}},
    "an optimiser of another network": lambda content: {
        **content,
        "optimizer_states": [{"state": {}, "param_groups": []}],
    },
    "no random state": lambda content: {**content, "random_state": {"python": [1], "numpy": 3}},
}


def test_a_checkpoint_that_holds_something_else_is_refused_in_one_line(tmp_path: Path) -> None:
    run(tmp_path / "whole", "trainer.max_epochs=1")
    for number, (name, change) in enumerate(FOREIGN.items()):
        torch.save(change(last(tmp_path / "whole")), tmp_path / "changed.ckpt")
        folder = tmp_path / f"resumed{number}"
        assert finish(start(folder, f"resume_from={tmp_path / 'changed.ckpt'}")) == 2, name
        told = (tmp_path / f"{folder.name}.log").read_text()
        assert "Traceback" not in told, name
        assert next(line for line in told.splitlines() if line.startswith("error: ")).count("; ") >= 1, name
