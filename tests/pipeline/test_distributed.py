"""Two processes through gloo against one with the same global batch."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

pytestmark = pytest.mark.slow

SETTINGS = [
    "logger=csv",
    "callbacks=ema",
    "callbacks.progress.refresh_rate=0",
    "schedule@module.schedule=warmup_cosine",
    "module.schedule.warmup=3",
    "module.network.features=4",
    "module.network.growth=2",
    "+module.discriminator.features=2",
    "trainer.max_epochs=2",
    "trainer.log_every_n_steps=3",
    "data.patch_size=24",
    "data.crop_size=16",
    "data.patches_per_epoch=18",
    "data.source.count=8",
    "data.source.height=32",
    "data.source.width=48",
]
ONE = ["trainer=cpu", "data.batch_size=4"]
TWO = ["trainer=ddp_cpu", "data.batch_size=2"]


def command(*settings: str) -> list[str]:
    return [sys.executable, "-m", "twostage_hdr.cli.main", "train", *SETTINGS, *settings]


def environment(**more: str) -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1"} | more


def train(folder: Path, *settings: str) -> str:
    """Runs the command to its end in a process of its own."""
    full = [*command(*settings), f"hydra.run.dir={folder}"]
    done = subprocess.run(full, env=environment(), capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def weights(folder: Path) -> dict[str, torch.Tensor]:
    content: dict[str, torch.Tensor] = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    return {name: value for name, value in content.items() if name.startswith("network.")}


def test_two_processes_are_one_process_with_the_whole_batch(tmp_path: Path) -> None:
    """Without the adversary, whose batch norm sees each process's own part on CPUs. Schedule and averaging are on."""
    alone = "module.objective.adversarial_weight=0"
    train(tmp_path / "one", *ONE, alone)
    told = train(tmp_path / "two", *TWO, alone)
    one, two = weights(tmp_path / "one"), weights(tmp_path / "two")
    assert one.keys() == two.keys()
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=1e-4, atol=2e-6)
    assert told.count("TwoStageModule: trainable parameters") == 1  # the other process says nothing


def test_all_players_train_on_two_processes_and_the_run_is_one_run(tmp_path: Path) -> None:
    train(tmp_path, *TWO)
    content = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)
    assert content["updates"] == 2 * 4
    assert len(content["optimizer_states"]) == 3
    assert [folder.name for folder in (tmp_path / "metrics").iterdir()] == ["version_0"]


def test_every_job_of_a_sweep_starts_its_own_second_process(tmp_path: Path) -> None:
    sweep = ["-m", f"hydra.sweep.dir={tmp_path}", "seed=1,2", "trainer.max_epochs=1", *TWO]
    full = [*command(), *sweep]
    done = subprocess.run(full, env=environment(), capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    for job in ("0", "1"):
        assert (tmp_path / job / "finished.json").is_file()
        assert (tmp_path / job / "config.yaml").read_text().count(f"seed: {int(job) + 1}\n") >= 1


def test_torchrun_starts_a_run_of_two_nodes(tmp_path: Path) -> None:
    """Two launchers on one host stand for two nodes: docs/training.md's command, with one process each."""
    with socket.socket() as anyone:
        anyone.bind(("127.0.0.1", 0))  # the system knows which ports are free
        port = str(anyone.getsockname()[1])
    settings = [*SETTINGS, *TWO, "trainer.devices=1", "trainer.num_nodes=2", "trainer.max_epochs=1"]
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nnodes=2", "--nproc_per_node=1"]
    launcher += ["--master_addr=127.0.0.1", f"--master_port={port}"]
    verb = ["-m", "twostage_hdr.cli.main", "train", *settings, f"hydra.run.dir={tmp_path}"]
    nodes = [
        subprocess.Popen(
            [*launcher, f"--node_rank={rank}", *verb],
            env=environment(GLOO_SOCKET_IFNAME="lo"),
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in (0, 1)
    ]
    errors = [node.communicate(timeout=900)[1] for node in nodes]
    assert [node.returncode for node in nodes] == [0, 0], errors
    assert torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)["updates"] == 4
