"""kill -9 at random moments: `make kills N=20`, or `python -m tests.fuzz.kills NUMBER SEED`.

The same command given again must end as if nothing had been: `train` with the same weights to the last bit, `prepare`
with the same bytes in every file, `reconstruct` with the same pixels; and nothing may lie beside the results.
"""

import hashlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from tests.fuzz.forked import finish, start
from tests.pipeline.test_killed_runs import SETTINGS, assert_same_weights
from twostage_hdr.cli import prepare, reconstruct, train
from twostage_hdr.imaging.hdr import read_hdr

WORK = (prepare, reconstruct, train)
"""Imported here, so that a kill meets the work and not the imports."""
IN_A_ROW = 5
"""Kills before a command is left to end."""


@dataclass(frozen=True)
class Verb:
    """A command that may be killed.

    Attributes:
        arguments: of the command whose results go into the folder.
        compare: raises AssertionError unless the second folder's results are the first one's.
    """

    arguments: Callable[[Path], list[str]]
    compare: Callable[[Path, Path], None]


def _files(folder: Path) -> dict[str, str]:
    """Digest of every file below the folder."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def _same_files(one: Path, other: Path) -> None:
    assert _files(one) == _files(other)


def _same_pixels(one: Path, other: Path) -> None:
    assert sorted(path.name for path in one.iterdir()) == sorted(path.name for path in other.iterdir())
    for path in one.glob("*.exr"):
        np.testing.assert_array_equal(read_hdr(path).pixels, read_hdr(other / path.name).pixels)
    for path in one.glob("*_hdr.png"):
        np.testing.assert_array_equal(read_hdr(path).pixels, read_hdr(other / path.name).pixels)


def _same_run(one: Path, other: Path) -> None:
    assert_same_weights(one, other)
    assert not [path.name for path in other.rglob(".*.tmp-*")]


def _photographs(folder: Path) -> list[str]:
    folder.mkdir()
    for number in range(4):
        pixels = np.random.default_rng(number).integers(0, 256, (90, 120, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((240, 180)).save(folder / f"{number}.png")
    return sorted(map(str, folder.iterdir()))


def verbs(folder: Path) -> dict[str, Verb]:
    """The three commands, with what they need in the folder."""
    photographs = _photographs(folder / "photographs")
    scenes = ["data=procedural", "data.source.count=24", "data.source.height=64", "data.source.width=96"]
    store = ["prepare", *scenes, "patches=400", "patch_size=16", "workers=0"]
    return {
        "train": Verb(lambda out: ["train", *SETTINGS, f"hydra.run.dir={out}"], _same_run),
        "prepare": Verb(lambda out: [*store, f"out={out}", f"hydra.run.dir={folder / 'hydra'}"], _same_files),
        "reconstruct": Verb(
            lambda out: ["reconstruct", *photographs, "-o", str(out), "--weights", "demo", "--to", "exr,png16"],
            _same_pixels,
        ),
    }


def killed_run(verb: Verb, whole: Path, killed: Path, log: Path, moments: Iterator[float]) -> int:
    """Kills the command after so many seconds, again and again, and lets the last one end.

    Returns:
        How often it was killed.

    Raises:
        AssertionError: the results are others, or a command fails.
    """
    kills = 0
    for moment in moments:
        process = start(verb.arguments(killed), log)
        time.sleep(moment)
        os.killpg(process, signal.SIGKILL)
        if finish(process) != -signal.SIGKILL:
            break  # it had ended before
        kills += 1
    assert finish(start(verb.arguments(killed), log)) == 0, log.read_text(errors="replace")[-2000:]
    verb.compare(whole, killed)
    return kills


def campaign(number: int, seed: int, titles: Sequence[str] = ()) -> dict[str, int]:
    """So many kills of each verb, up to five in a row, at random moments of its working time.

    Returns:
        By verb, after how many kills the results were the same.
    """
    rng, same = random.Random(seed), dict[str, int]()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        known = verbs(folder)
        for title in titles or known:
            whole, log, verb = folder / f"{title}-whole", folder / f"{title}.log", known[title]
            began = time.monotonic()
            assert finish(start(verb.arguments(whole), log)) == 0, log.read_text(errors="replace")[-2000:]
            length, same[title] = time.monotonic() - began, 0
            while same[title] < number:
                shutil.rmtree(folder / "killed", ignore_errors=True)
                wanted = min(IN_A_ROW, number - same[title])
                moments = (rng.uniform(0.05, 0.9) * length for _ in range(wanted))
                same[title] += killed_run(verb, whole, folder / "killed", log, moments)
                print(f"{title}: {same[title]} kills, the same results", flush=True)
    return same


def main() -> int:
    """Prints how many kills of each verb lost nothing; ends with the difference if one did."""
    number, seed = (*map(int, sys.argv[1:3]), *(20, 0)[len(sys.argv[1:3]) :])
    same = campaign(number, seed, sys.argv[3:])
    print(", ".join(f"{title} {count} of {number}" for title, count in same.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
