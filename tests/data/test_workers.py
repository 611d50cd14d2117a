"""Workers of a process that was killed must not linger; the processes here are all started by the test."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from twostage_hdr.data.workers import unordered


def test_without_workers_the_tasks_run_here() -> None:
    assert list(unordered(abs, [-1, 2, -3], workers=0)) == [1, 2, 3]


@pytest.mark.slow
def test_workers_give_all_results_in_any_order() -> None:
    assert sorted(unordered(abs, [-1, 2, -3], workers=2)) == [1, 2, 3]


@pytest.mark.slow
def test_workers_die_with_the_process_that_started_them(tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text(
        textwrap.dedent("""
        import os, pathlib, time
        from twostage_hdr.data.workers import unordered

        def work(number):
            pathlib.Path(f"{number}.pid").write_text(str(os.getpid()))
            time.sleep(120)

        if __name__ == "__main__":
            list(unordered(work, [0, 1], workers=2))
        """)
    )
    parent = subprocess.Popen([sys.executable, "work.py"], cwd=tmp_path, stdout=subprocess.DEVNULL)
    files = [tmp_path / f"{number}.pid" for number in range(2)]
    assert eventually(lambda: all(file.is_file() and file.read_text() for file in files), 300)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    workers = [int(file.read_text()) for file in files]
    assert eventually(lambda: not any(alive(worker) for worker in workers), 60)


def eventually(condition: object, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.1)
    return False


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # A process that nobody has waited for yet is dead as well.
    status = Path(f"/proc/{process}/stat")
    return not status.is_file() or status.read_text().rsplit(")", 1)[1].split()[0] != "Z"
