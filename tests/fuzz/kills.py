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
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from tests.fuzz.forked import finish, start
from tests.pipeline.test_killed_runs import SETTINGS, assert_same_weights
from twostage_hdr.imaging.hdr import read_hdr


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
        pixels = np.random.default_rng(number).integers(0, 256, (240, 320, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((640, 480)).save(folder / f"{number}.png")
    return sorted(map(str, folder.iterdir()))


def verbs(folder: Path) -> dict[str, Verb]:
    """The three commands, with what they need in the folder."""
    photographs = _photographs(folder / "photographs")
    scenes = ["data=procedural", "data.source.count=24", "data.source.height=64", "data.source.width=96"]
    store = ["prepare", *scenes, "patches=400", "patch_size=16", "workers=2"]
    return {
        "train": Verb(lambda out: ["train", *SETTINGS, f"hydra.run.dir={out}"], _same_run),
        "prepare": Verb(lambda out: [*store, f"out={out}", f"hydra.run.dir={folder / 'hydra'}"], _same_files),
        "reconstruct": Verb(
            lambda out: ["reconstruct", *photographs, "-o", str(out), "--weights", "demo", "--to", "exr,png16"],
            _same_pixels,
        ),
    }


def kill_once(verb: Verb, whole: Path, killed: Path, log: Path, moment: float) -> bool:
    """Kills the command after so many seconds and gives it again; False if it had ended before.

    Raises:
        AssertionError: the results are others, or the second command fails.
    """
    process = start(verb.arguments(killed), log)
    time.sleep(moment)
    os.killpg(process, signal.SIGKILL)
    if finish(process) != -signal.SIGKILL:
        return False
    assert finish(start(verb.arguments(killed), log)) == 0, log.read_text(errors="replace")[-2000:]
    verb.compare(whole, killed)
    return True


def campaign(number: int, seed: int) -> dict[str, int]:
    """So many kills of each verb, at random moments of its working time.

    Returns:
        By verb, after how many kills the results were the same.
    """
    rng, same = random.Random(seed), dict[str, int]()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for title, verb in verbs(folder).items():
            whole, log = folder / f"{title}-whole", folder / f"{title}.log"
            began = time.monotonic()
            assert finish(start(verb.arguments(whole), log)) == 0, log.read_text(errors="replace")[-2000:]
            length, same[title], done = time.monotonic() - began, 0, 0
            while done < number:
                killed = folder / f"{title}-killed"
                shutil.rmtree(killed, ignore_errors=True)
                try:
                    if not kill_once(verb, whole, killed, log, rng.uniform(0.1, 0.95) * length):
                        continue
                    same[title] += 1
                except AssertionError as lost:
                    print(f"{title}, kill {done + 1}: {lost}")
                done += 1
    return same


def main() -> int:
    """Prints how many kills of each verb lost nothing; 1 if one did."""
    number, seed = (*map(int, sys.argv[1:]), *(20, 0)[len(sys.argv) - 1 :])
    same = campaign(number, seed)
    print(", ".join(f"{title} {count} of {number}" for title, count in same.items()))
    return int(set(same.values()) != {number})


if __name__ == "__main__":
    sys.exit(main())
