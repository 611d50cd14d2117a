"""Mutated and special inputs for every reader: `make fuzz N=NUMBER`, or `python -m tests.fuzz.campaign NUMBER SEED`.

So many mutated files, and a twentieth of special ones after them. Every case runs in a child process that may die of
it, and is told apart by its number: the same number and seed make the same bytes.
"""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.fuzz.mutations import mutate
from tests.fuzz.special import SPECIAL
from tests.fuzz.target import Target
from twostage_hdr.errors import InputError

MEMORY = 2**30
"""Bytes above the start that no case may take; no mutated file is larger than 1 MB."""
CPU_SECONDS, WALL_SECONDS = 20, 300  # the second is for what waits without computing


class Case(NamedTuple):
    """One input."""

    number: int
    target: str
    file: str
    special: str | None
    """A name in SPECIAL; None for a mutated file."""
    rng: random.Random


def cases(targets: dict[str, Target], mutated: int, special: int, seed: int) -> Iterator[Case]:
    """The mutated ones, whose targets and files take turns, then the special ones, which take turns themselves."""
    pairs = [(name, file) for name, target in targets.items() for file in target.files]
    for number in range(mutated + special):
        rng = random.Random(f"{seed}-{number}")
        if number < mutated:
            yield Case(number, *pairs[number % len(pairs)], None, rng)
        else:
            yield Case(number, *rng.choice(pairs), list(SPECIAL)[(number - mutated) % len(SPECIAL)], rng)


def run_case(case: Case, target: Target, path: Path, valid: bytes, others: list[bytes]) -> str:
    """Makes the file, reads it, and says what happened: "read", "refused", or what is wrong."""
    if case.special is None:
        path.write_bytes(mutate(valid, case.rng, others)[: 2**20])
    else:
        made = SPECIAL[case.special](path, valid)
        path = made if isinstance(made, Path) else path
    try:
        target.read(path)
    except InputError as error:
        return _judged(error)
    except Exception as error:
        return f"traceback: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
    return "read"


def _judged(error: InputError) -> str:
    line = str(error)
    if not line.isprintable():
        return f"more than a line: {line!r}"
    return "refused" if error.subject and error.seen and error.cure else f"incomplete: {line}"


def child(todo: Sequence[Case], log: Path, targets: dict[str, Target], cpu_seconds: int) -> None:
    """Runs the cases; a line of JSON before and after each."""
    warnings.simplefilter("always")
    with tempfile.TemporaryDirectory() as folder, log.open("a", buffering=1) as report:
        valid = _valid_files(targets, Path(folder))
        noise = Path(folder) / "noise"
        descriptor = os.open(noise, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        os.dup2(descriptor, 1), os.dup2(descriptor, 2)
        start = _peak()
        resource.setrlimit(resource.RLIMIT_AS, (_status("VmSize") + 16 * MEMORY, resource.RLIM_INFINITY))
        others = [content for files in valid.values() for content in files.values()]
        for case in todo:
            told = [case.number, case.target, case.special or case.file]
            report.write(json.dumps([*told, "begun"]) + "\n")
            place = Path(folder) / "case" / case.target
            path = _arranged(place, case.file, valid[case.target])
            os.truncate(noise, 0)
            signal.setitimer(signal.ITIMER_PROF, cpu_seconds), signal.alarm(WALL_SECONDS)
            outcome = run_case(case, targets[case.target], path, valid[case.target][case.file], others)
            signal.setitimer(signal.ITIMER_PROF, 0), signal.alarm(0)
            sys.stdout.flush(), sys.stderr.flush()
            if (place / "ran").exists() or Path("ran").exists():
                outcome = "code: ran"
            elif (taken := _peak() - start) > MEMORY:
                outcome = f"memory: {taken / 2**30:.1f} GiB"
            elif noise.stat().st_size:
                outcome = f"noise: {noise.read_bytes()[:200]!r} ({outcome})"
            report.write(json.dumps([*told, outcome]) + "\n")
            subprocess.run(["rm", "-rf", place], check=True)


def _valid_files(targets: dict[str, Target], folder: Path) -> dict[str, dict[str, bytes]]:
    """The content of all valid files, with those that writing made beside them."""
    valid: dict[str, dict[str, bytes]] = {}
    for name, target in targets.items():
        valid[name] = {}
        for file, write in target.files.items():
            place = folder / "valid" / name / file
            place.mkdir(parents=True)
            write(place / file)
            target.read(place / file)
            valid[name] |= {f"{file}/{path.name}": path.read_bytes() for path in place.iterdir() if path.is_file()}
            valid[name][file] = (place / file).read_bytes()
    return valid


def _arranged(place: Path, file: str, valid: dict[str, bytes]) -> Path:
    """Where the case's file goes, with what belongs beside it."""
    place.mkdir(parents=True)
    for name, content in valid.items():
        owner, _, beside = name.partition("/")
        if owner == file and beside not in ("", file):
            (place / beside).write_bytes(content)
    return place / file


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(field)).split()[1])


def _peak() -> int:
    """Largest resident memory since the last call, bytes."""
    peak = _status("VmHWM")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return peak


def campaign(
    mutated: int, special: int, seed: int, *, targets: str = "tests.fuzz.targets", cpu_seconds: int = CPU_SECONDS
) -> tuple[Counter[str], list[list[object]]]:
    """Runs all cases; a child that dies is followed by another one.

    Args:
        mutated: number of mutated files.
        special: number of special inputs.
        seed: of their randomness.
        targets: the module whose TARGETS are read.
        cpu_seconds: that a case may take.

    Returns:
        How often each outcome came, and the cases that are findings: number, target, file or special input, what
        happened.
    """
    outcomes: dict[int, list[object]] = {}
    first = 0
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        while first < mutated + special:
            program = (
                f"import pathlib; from tests.fuzz.campaign import cases, child; from {targets} import TARGETS; "
                f"todo = list(cases(TARGETS, {mutated}, {special}, {seed}))[{first}:]; "
                f"child(todo, pathlib.Path({str(log)!r}), TARGETS, {cpu_seconds})"
            )
            ended = subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)
            for line in log.read_text(encoding="utf-8").splitlines():
                outcomes[json.loads(line)[0]] = json.loads(line)
            last = max(outcomes, default=-1)
            if ended.returncode:
                if last < first or outcomes[last][3] != "begun":
                    raise RuntimeError(f"no case ended the child: {ended.stderr[-2000:]}")
                word = "hang" if -ended.returncode in (signal.SIGPROF, signal.SIGALRM) else "crash"
                outcomes[last][3] = f"{word}: exit code {ended.returncode}"
                log.write_text("", encoding="utf-8")
            first = last + 1
    findings = [outcome for outcome in outcomes.values() if outcome[3] not in ("read", "refused")]
    return Counter(str(outcome[3]).split(":")[0] for outcome in outcomes.values()), findings


def main() -> int:
    """Prints the findings and a count of each outcome; 1 if there is a finding."""
    number, seed = (*map(int, sys.argv[1:]), *(10_000, 0)[len(sys.argv) - 1 :])
    special = number // 20
    counts, findings = campaign(number, special, seed)
    for case, target, what, outcome in findings:
        print(f"case {case} of seed {seed}, {target}, {what}: {outcome}")
    print(
        f"{number} mutated and {special} special inputs of seed {seed}: "
        + ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    )
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
