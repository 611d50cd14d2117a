import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from experiments.comparison.side_by_side import Job, side_by_side


def job(folder: Path, name: str, code: str) -> Job:
    return Job(name, [sys.executable, "-S", "-c", code], folder / name / "log.txt")


def test_a_job_that_fails_stops_no_other_and_says_why(tmp_path: Path) -> None:
    jobs = [
        job(tmp_path, "bad", "print('first'); raise SystemExit('no such folder')"),
        job(tmp_path, "good", "print(7)"),
    ]
    told: list[str] = []
    assert side_by_side(jobs, at_once=1, threads=1, told=told.append) == {"bad": "no such folder"}
    assert jobs[1].log.read_text() == "7\n"
    assert [line.split(":")[0] for line in told] == ["bad", "bad", "good", "good"]


def test_jobs_get_their_threads_and_only_so_many_run_at_once(tmp_path: Path) -> None:
    jobs = [job(tmp_path, f"{n}", "import os; print(os.environ['OMP_NUM_THREADS'])") for n in range(3)]
    running, most = 0, 0

    def told(line: str) -> None:
        nonlocal running, most
        running += 1 if "starts" in line else -1
        most = max(most, running)

    assert side_by_side(jobs, at_once=2, threads=3, told=told) == {}
    assert [one.log.read_text() for one in jobs] == ["3\n"] * 3
    assert most == 2


def test_a_job_waits_for_the_one_it_comes_after_and_is_left_out_if_that_fails(tmp_path: Path) -> None:
    first = job(tmp_path, "first", "import time; time.sleep(0.5)")
    bad = job(tmp_path, "bad", "raise SystemExit('not finite')")
    second = job(tmp_path, "second", "")._replace(after="first")
    third = job(tmp_path, "third", "")._replace(after="bad")
    fourth = job(tmp_path, "fourth", "")._replace(after="done in an earlier session")
    told: list[str] = []
    jobs = [third, second, fourth, first, bad]
    assert side_by_side(jobs, at_once=3, threads=1, told=told.append) == {"bad": "not finite"}
    said = [line.split(",")[0].split(";")[0] for line in told]
    assert said.index("first: done") < said.index("second: starts")
    assert "fourth: done" in said
    assert not third.log.exists()


def test_an_interruption_ends_the_running_jobs(tmp_path: Path) -> None:
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    slow = job(tmp_path, "slow", code)

    def interrupt() -> None:
        while not (slow.log.is_file() and slow.log.read_text()):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        side_by_side([slow], at_once=1, threads=1, told=lambda line: None)
    assert not Path(f"/proc/{slow.log.read_text().strip()}").exists()
