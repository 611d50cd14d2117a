"""Kills `prepare` at random moments, resumes it, and compares the store with an uninterrupted one, byte by byte.

    python experiments/hdm/kill_and_resume.py --work DIR --kills 10 -- data=hdm data.root=TREE patches=600

What follows `--` goes to `twostage-hdr prepare`; DIR gets the stores `whole` and `killed`.
"""

import argparse
import filecmp
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

_COMMAND = [sys.executable, "-m", "twostage_hdr.cli.main", "prepare"]


def start(settings: list[str], out: Path) -> subprocess.Popen[bytes]:
    command = [*_COMMAND, *settings, f"out={out}"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)


def run(settings: list[str], out: Path) -> None:
    process = start(settings, out)
    _, told = process.communicate()
    if process.returncode:
        raise SystemExit(told.decode())


def run_until(settings: list[str], out: Path, scenes: int, then: float) -> str:
    """Kills the main process without warning `then` seconds after that many scenes are done; says where it was."""
    process = start(settings, out)
    while done(out) < scenes and process.poll() is None:
        time.sleep(0.02)
    time.sleep(then)
    if process.poll() is not None:
        raise SystemExit(f"came to its end before the kill: {(out / 'store.json').is_file()}; lower --jitter")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    return f"{done(out)} scenes done"


def done(out: Path) -> int:
    return len(list((out / ".prepare").glob("*_*.json")))


def differing(one: Path, other: Path) -> list[str]:
    files = sorted({path.relative_to(root) for root in (one, other) for path in root.rglob("*") if path.is_file()})
    _, unequal, missing = filecmp.cmpfiles(one, other, [str(file) for file in files], shallow=False)
    return unequal + missing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--jitter", type=float, default=1.0, help="s, at most, between the drawn scene and the kill")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("settings", nargs="+")
    given = parser.parse_args()
    whole, killed = given.work / "whole", given.work / "killed"
    for store in (whole, killed):
        shutil.rmtree(store, ignore_errors=True)
    given.work.mkdir(parents=True, exist_ok=True)
    run(given.settings, whole)
    draw = random.Random(given.seed)
    scenes = len(json.loads((whole / "store.json").read_text(encoding="utf-8"))["groups"])
    for left in range(given.kills, 0, -1):
        before = done(killed)
        more = draw.randint(0, 2 * (scenes - before) // (left + 1))
        told = run_until(given.settings, killed, min(before + more, scenes - 1), draw.uniform(0, given.jitter))
        print(f"kill {given.kills + 1 - left}: {before} -> {told} of {scenes}", flush=True)
    run(given.settings, killed)
    unequal = differing(whole, killed)
    print(f"files that differ: {', '.join(unequal) or 'none'} of {sum(1 for p in whole.rglob('*') if p.is_file())}")
    raise SystemExit(bool(unequal))


if __name__ == "__main__":
    main()
