"""Special inputs at the command line: `python -m tests.fuzz.commands`; a refusal is one line, and nothing is left.

Every command runs in a process of its own with a special input in the place of one of its files.
"""

import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from tests.fuzz.forked import start
from tests.fuzz.run_targets import CONFIG, RUN_TARGETS
from tests.fuzz.special import SPECIAL
from twostage_hdr.imaging.radiance import RADIANCE
from twostage_hdr.inference.weights import SHIPPED

SECONDS = 60
SUCCEEDED, FAILED, REFUSED = 0, 1, 2
PLACE = "{path}"
"""Stands for the special input in a command; OUT for a folder of results that is not there yet."""
OUT, PHOTOGRAPH, FOLDER = "out", "good/a.png", "{folder}"

COMMANDS: dict[str, tuple[str, list[str]]] = {
    "info": ("a.exr", ["info", PLACE]),
    "info of a folder": ("a.hdr", ["info", FOLDER]),
    "convert": ("a.tif", ["convert", PLACE, "--to", "exr", "-o", OUT]),
    "reconstruct": ("a.png", ["reconstruct", "-o", OUT, "--weights", "demo", "--", PLACE]),
    "reconstruct a folder": ("a.jpg", ["reconstruct", FOLDER, "-o", OUT, "--weights", "demo"]),
    "reconstruct, weights": ("a.safetensors", ["reconstruct", PHOTOGRAPH, "--weights", PLACE, "-o", OUT]),
    "reconstruct, a bracket": ("a.png", ["reconstruct", PLACE, PHOTOGRAPH, "--bracket", "-o", OUT]),
    "reconstruct, a video": ("a.mp4", ["reconstruct", "-o", OUT, "--weights", "demo", "--", PLACE]),
    "export": ("a.ckpt", ["export", PLACE, "a.safetensors"]),
    "import-weights official": ("a.pth", ["import-weights", "official", PLACE, "a.safetensors"]),
    "import-weights hdrcnn": ("a.npz", ["import-weights", "hdrcnn", PLACE, "a.safetensors"]),
    "evaluate, a run": ("config.yaml", ["evaluate", f"weights={FOLDER}", "hydra.run.dir=out"]),
    "evaluate, splits": ("splits.json", ["evaluate", "weights=demo", "data=procedural",
                         f"data.split_file={FOLDER}/splits.json", "hydra.run.dir=out"]),
    "train, a run": ("config.yaml", ["train", "experiment=demo", "logger=csv", f"hydra.run.dir={FOLDER}"]),
    "train, resumed": ("last.ckpt", ["train", "experiment=demo", "logger=csv", f"resume_from={FOLDER}/last.ckpt",
                       "hydra.run.dir=out"]),
    "prepare": ("a.hdr", ["prepare", "data=hdr_folder", f"data.root={FOLDER}", "out=out", "patch_size=8", "patches=4",
                "hydra.run.dir=hydra", "workers=0"]),
    "prepare, a manifest": ("manifest.csv", ["prepare", "data=hdr_folder", f"data.root={FOLDER}", "out=out",
                            "patch_size=8", "patches=4", "hydra.run.dir=hydra", "workers=0"]),
    "train, a store": ("store.json", ["train", "experiment=demo", "logger=csv", "data=store", f"data.root={FOLDER}",
                       "hydra.run.dir=out"]),
    "jod": ("summary.json", ["jod", FOLDER, "--cvvdp", "true"]),
    "import-weights singlehdr": ("a.index", ["import-weights", "singlehdr", FOLDER, "a.safetensors"]),
}  # fmt: skip
"""By name: what the special input's file is called there, and the command."""


def run(special: str, name: str, folder: Path) -> str:
    """Gives the command, and says what happened: "done", "refused", or what is wrong."""
    file, arguments = COMMANDS[name]
    special_folder = folder / "special"
    for made in (special_folder, folder / "good"):
        made.mkdir()
    Image.fromarray(np.full((20, 24, 3), 99, np.uint8)).save(folder / PHOTOGRAPH)
    _put_beside(name, special_folder)
    path = special_folder / file
    if path.exists():
        path.unlink()
    moved = SPECIAL[special](path, b"no file of that kind\n" * 9)
    path = moved if isinstance(moved, Path) else path
    words = [word.replace(PLACE, str(path)).replace(FOLDER, str(special_folder)) for word in arguments]
    before = {entry.name for entry in folder.iterdir()}
    code = _finish(start(words, folder / "log", folder / "errors", folder=folder))
    errors = (folder / "errors").read_bytes().decode(errors="backslashreplace")
    log = (folder / "log").read_bytes().decode(errors="backslashreplace")
    return _judged(code, log, errors) or _left(folder, before, code) or ("refused" if code else "done")


def _put_beside(name: str, folder: Path) -> None:
    """What belongs beside the special input, all of it good."""
    if name.startswith(("prepare", "info of")):
        for number in range(3):
            pixels = np.random.default_rng(number).random((24, 32, 3), dtype=np.float32) * 9
            RADIANCE.save(folder / f"good{number}.hdr", pixels)
    if name == "reconstruct a folder":
        shutil.copy(folder.parent / PHOTOGRAPH, folder / "good.png")
    if name in ("evaluate, a run", "train, a run"):
        (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
        (folder / "checkpoints").mkdir()
        RUN_TARGETS["weights"].files["a.ckpt"](folder / "checkpoints" / "best.ckpt")


def _finish(process: int) -> int | None:
    """The exit code; None, and the process killed, if it does not end."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return None


SUMMARY = re.compile(r"\d+ of \d+ inputs failed: ")
"""Of several files, after the line of each."""


def _judged(code: int | None, log: str, errors: str) -> str | None:
    """What is wrong with how it ended, if anything."""
    if code is None:
        return "hang"
    if code not in (SUCCEEDED, FAILED, REFUSED):
        return f"crash: exit code {code}, {errors[-300:]!r}"
    if "Traceback" in errors or "Traceback" in log:
        return f"traceback: {errors[-600:]!r}"
    if "\x1b" in errors or "\x1b" in log:
        return f"control characters: {errors!r} {log!r}"
    lines = [line for line in errors.splitlines() if not SUMMARY.match(line)]
    refusals = [line for line in lines if line.startswith(("error: ", "failed: ")) and "; " in line]
    if len(refusals) != len(lines) or (code == REFUSED and len(lines) != 1):
        return f"noise: {errors[:900]!r}"
    return None


def _left(folder: Path, before: set[str], code: int | None) -> str | None:
    """What stays of a refused command, or of any under a temporary name."""
    if (folder / "ran").exists() or (folder / "special" / "ran").exists():
        return "code: ran"
    temporary = [str(path) for path in folder.rglob(".*.tmp-*")]
    new = {entry.name for entry in folder.iterdir()} - before - {"log", "errors", "hydra"}
    if temporary or (code == REFUSED and new):
        return f"left behind: {temporary or sorted(new)}"
    return None


def campaign(pairs: Iterator[tuple[str, str]] | list[tuple[str, str]]) -> tuple[Counter[str], list[str]]:
    """Runs pairs of special input and command; how often each outcome came, and the findings."""
    counts, findings = Counter[str](), []
    for special, name in pairs:
        with tempfile.TemporaryDirectory() as folder:
            outcome = run(special, name, Path(folder))
        counts[outcome.split(":")[0]] += 1
        if outcome not in ("done", "refused"):
            findings.append(f"{name}, {special}: {outcome}")
    return counts, findings


def main() -> int:
    """Every special input in every command; prints the findings."""
    assert SHIPPED.is_dir()
    chosen = sys.argv[1:] or list(COMMANDS)
    counts, findings = campaign([(special, name) for name in chosen for special in SPECIAL])
    print(*findings, f"{counts.total()} commands: " + ", ".join(f"{n} {what}" for what, n in counts.items()), sep="\n")
    return int(bool(findings))


if __name__ == "__main__":
    sys.exit(main())
