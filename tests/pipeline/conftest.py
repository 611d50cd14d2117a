"""The console command in this process, on a run that takes seconds."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from twostage_hdr.cli.main import main

Command = Callable[..., int]

TINY_DATA = (
    "data.batch_size=4",
    "data.patch_size=24",
    "data.crop_size=16",
    "data.source.count=8",
    "data.source.height=32",
    "data.source.width=48",
)
TINY_NETWORK = ("module.network.features=8", "module.network.growth=4")
TINY_DISCRIMINATOR = ("+module.discriminator.features=2",)
ON_CPU = ("trainer=cpu", "trainer.log_every_n_steps=1", "logger=csv")


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """`command("train", ...)`: the exit code."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["twostage-hdr", *arguments])
        try:
            main()
        except SystemExit as leaving:
            return int(leaving.code or 0)
        return 0

    return run


@pytest.fixture
def train(command: Command) -> Command:
    """`train("hydra.run.dir=DIR", ...)`: the demo recipe with tiny networks on tiny scenes."""
    return lambda *overrides: command("train", "experiment=small", *ON_CPU, *TINY_DATA, *TINY_NETWORK, *overrides)


@pytest.fixture
def two_stage(train: Command) -> Command:
    """The same with a tiny discriminator."""
    return lambda *overrides: train(*TINY_DISCRIMINATOR, *overrides)
