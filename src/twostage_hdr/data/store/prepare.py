"""Writes a store: patches of the training scenes, whole images of the others, tables and checksums."""

import csv
import hashlib
import io
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from twostage_hdr.boundary.structured_text import read_json
from twostage_hdr.data.resumable_folder import exclusive_lock
from twostage_hdr.data.store.frames import PatchMaker
from twostage_hdr.data.store.layout import (
    CHECKSUMS,
    FROZEN_PARTS,
    PARTS,
    PATCH_SUMS,
    PER_ITEM,
    README,
    SOURCES,
    START_AGAIN,
    STORE,
    WORK,
    frozen_path,
    patch_sum,
    readme,
    reserve,
    train_arrays,
    write_array,
)
from twostage_hdr.data.store.plan import Plan
from twostage_hdr.data.store.write_scene import Entry, SceneTask, SceneWriter, entry_path, read_entry
from twostage_hdr.data.workers import unordered
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import write_text

_PLAN, _LOCK = "plan.json", "lock"


def prepare(
    maker: PatchMaker, plan: Plan, out: Path, *, workers: int, progress: Callable[[int, int], None] | None = None
) -> bool:
    """Writes the store that the plan describes; resumes an interrupted run.

    The bytes written depend only on the plan and the files, not on the number of workers or interruptions.

    Args:
        maker: reads the scenes.
        plan: what to write.
        out: the store's folder.
        workers: processes; 0 works in this one.
        progress: called with the number of finished units and their total.

    Returns:
        False if the store was complete already.

    Raises:
        InputError: the folder holds something else, the disk is too small, or a scene cannot be read.
    """
    if (out / STORE).is_file():
        before = read_json(out / STORE, cure=START_AGAIN)  # a later version of the software may find it complete
        plan.check_same({**before, "software": plan.as_dict()["software"]}, out)
        shutil.rmtree(out / WORK, ignore_errors=True)
        return False
    other = next(out.iterdir(), None) if out.is_dir() and not (out / WORK).is_dir() else None
    if other or out.is_file():
        seen = f"holds {other.name!r} and no store" if other else "a file where a folder is expected"
        raise InputError(f"out={out}", seen, "give an empty or new folder")
    (out / WORK).mkdir(parents=True, exist_ok=True)
    busy = InputError(f"out={out}", "another prepare is writing there", "wait for it to end")
    with exclusive_lock(out / WORK / _LOCK, busy):
        _keep_plan(plan, out)
        _reserve(plan, out)
        writer, tasks = SceneWriter(maker, out, plan.settings), _scene_tasks(plan)
        for done, _ in enumerate(unordered(writer.write, tasks, workers=workers), start=1):
            if progress is not None:
                progress(done, len(tasks))
        _finish(plan, out)
    shutil.rmtree(out / WORK)
    return True


def _keep_plan(plan: Plan, out: Path) -> None:
    path = out / WORK / _PLAN
    if path.is_file():
        plan.check_same(read_json(path, cure=START_AGAIN), out)
    else:
        write_text(path, plan.as_text())
    for stale in out.rglob(".*.tmp-*"):
        stale.unlink()


def _reserve(plan: Plan, out: Path) -> None:
    for part in PARTS:
        (out / part).mkdir(exist_ok=True)
    side, exposures = plan.settings.patch_size, len(plan.exposures)
    needed = plan.patches * side * side * 3 * (exposures + 2)
    here = sum(path.stat().st_blocks * 512 for path in (out / "train").glob("*.npy"))
    free = shutil.disk_usage(out).free
    if needed - here > free:
        seen = f"{needed / 1e9:.1f} GB are needed and {free / 1e9:.1f} GB free"
        raise InputError(f"out={out}", seen, "choose another disk")
    for name, (dtype, shape) in train_arrays(plan.patches, exposures, side).items():
        reserve(out / "train" / f"{name}.npy", dtype, shape)


def _scene_tasks(plan: Plan) -> list[SceneTask]:
    """All units of work; the training scenes' slots follow each other."""
    tasks, first = [], 0
    for number, (scene, count) in enumerate(zip(plan.part("train"), plan.quota, strict=True)):
        tasks.append(SceneTask(part="train", number=number, scene=scene, first=first, count=count))
        first += count
    for part in FROZEN_PARTS:
        tasks += [SceneTask(part=part, number=number, scene=scene) for number, scene in enumerate(plan.part(part))]
    return tasks


def _finish(plan: Plan, out: Path) -> None:
    """Writes what is known only when all scenes are done, `store.json` last. Repeating it changes nothing."""
    done = {
        part: [(scene.id, read_entry(entry_path(out, part, number))) for number, scene in enumerate(plan.part(part))]
        for part in PARTS
    }
    for part in PARTS:
        for name in PER_ITEM:
            values = [value for _, entry in done[part] for value in getattr(entry, name)]
            shape = (len(values), len(plan.exposures)) if name == "stops" else (len(values),)
            write_array(out / part / f"{name}.npy", np.array(values, dtype=np.float64).reshape(shape))
    ldr, reference = (np.load(out / "train" / f"{name}.npy", mmap_mode="r") for name in ("ldr", "reference"))
    sums = [patch_sum(*pair) for pair in zip(ldr, reference, strict=True)]
    write_array(out / f"{PATCH_SUMS}.npy", np.array(sums, np.uint32))
    _write_tables(done, out)
    write_text(out / README, readme(plan.patches, plan.exposures, plan.settings.patch_size))
    text = plan.as_text()
    lines = [f"{digest}  {name}\n" for name, digest in _digests(out)]
    write_text(out / CHECKSUMS, "".join([*lines, f"{hashlib.sha256(text.encode()).hexdigest()}  {STORE}\n"]))
    write_text(out / STORE, text)


def _write_tables(done: Mapping[str, Sequence[tuple[str, Entry]]], out: Path) -> None:
    """Where patches and whole images come from; `done` has scene and record by set."""
    places = [(scene, *place) for scene, entry in done["train"] for place in entry.places]
    _write_table(out / "train" / "patches.csv", ("patch", "scene", "row", "column", "zoom"), _numbered(places))
    for part in FROZEN_PARTS:
        references = [frozen_path(out, part, number, "reference") for number in range(len(done[part]))]
        sizes = [np.load(path, mmap_mode="r").shape[:2] for path in references]
        rows = [(scene, *size) for (scene, _), size in zip(done[part], sizes, strict=True)]
        _write_table(out / part / "scenes.csv", ("number", "scene", "height", "width"), _numbered(rows))
    read = {name: file for part in PARTS for _, entry in done[part] for name, file in entry.read.items()}
    sources = [(name, size, digest) for name, (size, _, digest) in sorted(read.items())]
    _write_table(out / SOURCES, ("file", "bytes", "sha256"), sources)


def _digests(out: Path) -> Iterable[tuple[str, str]]:
    """Path and sha256 of all files of the store but the last two, in the order of their paths."""
    paths = {path.relative_to(out).as_posix(): path for path in out.rglob("*") if path.is_file()}
    for name in sorted(paths):
        if name != CHECKSUMS and not name.startswith(f"{WORK}/"):
            with paths[name].open("rb") as file:
                yield name, hashlib.file_digest(file, "sha256").hexdigest()


def _numbered(rows: Iterable[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return [(number, *row) for number, row in enumerate(rows)]


def _write_table(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    write_text(path, text.getvalue())
