"""Commands in processes of their own, a few at a time."""

import os
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

POLL = 0.2
"""Seconds between two looks at the processes."""


class Job(NamedTuple):
    """A command, the file that keeps what it prints, and the job whose success it needs, if any."""

    name: str
    command: list[str]
    log: Path
    after: str | None = None


def side_by_side(
    jobs: Sequence[Job], *, at_once: int, threads: int, told: Callable[[str], None] = print
) -> dict[str, str]:
    """Runs all jobs; one that fails stops no other. An interruption ends the running ones, which save themselves.

    Args:
        jobs: in the order in which they start, except that one waits for the job that it comes `after`; where that
            failed, it is left out. What is not among the jobs is taken for done.
        at_once: processes at a time.
        threads: of each process.
        told: gets a line when a job starts and ends.

    Returns:
        The last line of each job that failed, by name.
    """
    waiting, failed = list(jobs), {}
    running: dict[subprocess.Popen[bytes], Job] = {}
    try:
        while waiting or running:
            waiting = [job for job in waiting if job.after not in failed]
            while len(running) < at_once and (job := _next(waiting, running.values())):
                waiting.remove(job)
                told(f"{job.name}: starts, {len(waiting)} after it; log in {job.log}")
                running[_start(job, threads)] = job
            for process in [process for process in running if process.poll() is not None]:
                job = running.pop(process)
                if process.returncode:
                    failed[job.name] = last_line(job.log)
                told(f"{job.name}: {'FAILED: ' + failed[job.name] if process.returncode else 'done'}")
            time.sleep(POLL)
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()
    return failed


def _next(waiting: Sequence[Job], running: Iterable[Job]) -> Job | None:
    """The first that waits for nothing."""
    pending = {job.name for job in (*waiting, *running)}
    return next((job for job in waiting if job.after not in pending), None)


def last_line(log: Path) -> str:
    """Where a failing command says why."""
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _start(job: Job, threads: int) -> "subprocess.Popen[bytes]":
    job.log.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    environment["PYTHONUNBUFFERED"] = "1"  # so that the log's last line is what was said last
    with job.log.open("ab") as log:
        # A session of its own: Ctrl-C reaches this program alone, which then asks each job once to save itself.
        return subprocess.Popen(
            job.command, stdout=log, stderr=subprocess.STDOUT, env=environment, start_new_session=True
        )
