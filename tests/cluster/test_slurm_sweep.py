"""A sweep through submitit on a real SLURM of one node: `pytest -m cluster tests/cluster`, as root on Debian.

Four jobs; one of them is pre-empted in the middle, queued again by itself, and goes on to the weights that it would
have had. The outcome is written to $SLURM_REPORT if that is set.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("slurmctld") is None, reason="needs Debian's slurmctld, slurmd and munge"),
]

SETTINGS = [
    "callbacks=ema",
    "logger=csv",
    "module.network.features=4",
    "module.network.growth=2",
    "+module.discriminator.features=2",
    "callbacks.progress.refresh_rate=0",
    "trainer=cpu",
    "data.batch_size=2",
    "data.patch_size=24",
    "data.crop_size=16",
    "data.patches_per_epoch=100",
    "data.source.count=8",
    "data.source.height=32",
    "data.source.width=48",
]
SLURM = [
    "hydra/launcher=slurm",
    "hydra.launcher.partition=all",
    "hydra.launcher.gpus_per_node=null",
    "hydra.launcher.cpus_per_task=1",
    "hydra.launcher.timeout_min=20",
]
TWOSTAGE = [sys.executable, "-m", "twostage_hdr.cli.main", "train"]


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cluster of one node, for the length of this file."""
    folder = tmp_path_factory.mktemp("slurm")
    script = str(Path(__file__).parent / "start_slurm.sh")
    os.environ["SLURM_CONF"] = str(folder / "slurm.conf")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        subprocess.run(["sh", script, str(folder)], check=True)
        yield
    finally:
        subprocess.run(["sh", script, str(folder), "stop"], check=True)


def states() -> dict[str, tuple[str, int]]:
    """Each job's state and how often it was started again."""
    told = subprocess.run(["scontrol", "show", "job", "-o"], capture_output=True, text=True, check=True).stdout
    jobs = {}
    for line in told.splitlines():
        fact = dict(re.findall(r"(\w+)=(\S*)", line))
        if "JobState" in fact:
            name = f"{fact.get('ArrayJobId', fact['JobId'])}_{fact.get('ArrayTaskId', '0')}"
            jobs[name] = (fact["JobState"], int(fact["Restarts"]))
    return jobs


def wait_for(what: str, condition: Callable[[], bool], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        failed = "FAILED" in {state for state, _ in states().values()}
        assert time.monotonic() < deadline, f"{what} did not happen; jobs: {states()}"
        assert not failed, f"{what} did not happen; jobs: {states()}"
        time.sleep(0.3)


def test_a_sweep_of_four_jobs_survives_preemption(slurm: None, tmp_path: Path) -> None:
    epochs = "trainer.max_epochs=4"
    sweep = [*TWOSTAGE, "-m", *SETTINGS, *SLURM, epochs, "seed=0,1,2,3", f"hydra.sweep.dir={tmp_path / 'sweep'}"]
    began = time.monotonic()
    with (tmp_path / "sweep.log").open("w") as log:
        running = subprocess.Popen(sweep, stdout=log, stderr=subprocess.STDOUT)
        victim = tmp_path / "sweep" / "2"
        wait_for("the first checkpoint", (victim / "checkpoints" / "last.ckpt").exists)
        (array,) = {name.split("_")[0] for name in states()}
        preempted = last(victim)["updates"]
        subprocess.run(["scancel", "--signal=USR2", f"{array}_2"], check=True)
        wait_for("queueing again", lambda: states()[f"{array}_2"][1] == 1)
        # SLURM lets a job that was queued again wait for two minutes.
        subprocess.run(["scontrol", "update", f"JobId={array}_2", "StartTime=now"], check=True)
        assert running.wait(timeout=600) == 0, (tmp_path / "sweep.log").read_text()
    jobs = states()
    assert {state for state, _ in jobs.values()} == {"COMPLETED"}
    assert [jobs[f"{array}_{job}"][1] for job in range(4)] == [0, 0, 1, 0]
    for job in range(4):
        assert (tmp_path / "sweep" / str(job) / "finished.json").is_file()

    alone = [*TWOSTAGE, *SETTINGS, epochs, "seed=2", f"hydra.run.dir={tmp_path / 'alone'}"]
    subprocess.run(alone, check=True, capture_output=True)
    continued, whole = last(victim), last(tmp_path / "alone")
    assert_same_weights(continued, whole)
    seconds = round(time.monotonic() - began)
    report("sweep_of_four", jobs, seconds=seconds, preempted_at_or_after=preempted, updates=continued["updates"])


BATCH = """#!/bin/sh
#SBATCH --nodes=1 --ntasks-per-node=2 --cpus-per-task=1 --requeue --output={folder}/job.log --open-mode=append
srun {command}
"""


def test_a_distributed_batch_job_warned_by_sigusr1_is_queued_again_and_ends_the_same(
    slurm: None, tmp_path: Path
) -> None:
    """The batch script of docs/training.md with two processes through gloo; scancel sends `--signal`'s warning."""
    settings = [*SETTINGS, "trainer=ddp_cpu", "trainer.max_epochs=4"]
    settings.remove("trainer=cpu")

    def submit(folder: Path) -> str:
        folder.mkdir()
        script = folder / "job.sh"
        command = " ".join([*TWOSTAGE, *settings, f"hydra.run.dir={folder / 'run'}"])
        script.write_text(BATCH.format(folder=folder, command=command))
        told = subprocess.run(["sbatch", "--parsable", str(script)], capture_output=True, text=True, check=True)
        return f"{told.stdout.strip()}_0"

    def done(job: str) -> bool:
        state = states()[job][0]
        assert state in ("PENDING", "RUNNING", "COMPLETING", "COMPLETED"), state
        return state == "COMPLETED"

    began = time.monotonic()
    job = submit(tmp_path / "warned")
    victim = tmp_path / "warned" / "run"
    wait_for("the first checkpoint", (victim / "checkpoints" / "last.ckpt").exists)
    preempted = last(victim)["updates"]
    subprocess.run(["scancel", "--signal=USR1", job.removesuffix("_0")], check=True)
    wait_for("queueing again", lambda: states()[job][1] == 1)
    subprocess.run(["scontrol", "update", f"JobId={job.removesuffix('_0')}", "StartTime=now"], check=True)
    wait_for("the end", lambda: done(job))
    jobs = {job: states()[job]}
    whole = submit(tmp_path / "whole")
    wait_for("the end of the other", lambda: done(whole))
    assert_same_weights(last(victim), last(tmp_path / "whole" / "run"))
    seconds = round(time.monotonic() - began)
    updates = last(victim)["updates"]
    report("distributed_job", jobs, seconds=seconds, preempted_at_or_after=preempted, updates=updates)


def last(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
    return content


def assert_same_weights(one: dict[str, Any], other: dict[str, Any]) -> None:
    for part in ("state_dict", "current_model_state", "averaging_state"):
        assert all(torch.equal(value, other[part][name]) for name, value in one[part].items())


def report(title: str, jobs: dict[str, tuple[str, int]], **figures: int) -> None:
    """Adds a test's outcome to $SLURM_REPORT."""
    if "SLURM_REPORT" not in os.environ:
        return
    path = Path(os.environ["SLURM_REPORT"])
    facts = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    version = subprocess.run(["slurmctld", "-V"], capture_output=True, text=True, check=True).stdout.strip()
    facts[title] = {
        "slurm": version,
        "jobs": {name: {"state": state, "restarts": restarts} for name, (state, restarts) in sorted(jobs.items())},
        **figures,
        "weights_equal_those_of_a_job_that_was_not_preempted": True,
    }
    path.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
