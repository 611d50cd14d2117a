"""Writes a store: patches of the training scenes, whole images of the others."""

import shutil
from collections.abc import Callable
from pathlib import Path

from twostage_hdr.boundary.structured_text import read_json
from twostage_hdr.data.resumable_folder import exclusive_lock
from twostage_hdr.data.store.finish import finish
from twostage_hdr.data.store.layout import PARTS, START_AGAIN, STORE, WORK, ldr_shape, reference_shape, reserve
from twostage_hdr.data.store.plan import Plan, check_same, plan_text
from twostage_hdr.data.store.settings import PatchMaker
from twostage_hdr.data.store.write_scene import SceneTask, SceneWriter
from twostage_hdr.data.workers import unordered
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import atomic_path

_PLAN = "plan.json"
_LOCK = "lock"


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
        check_complete(plan, out)
        shutil.rmtree(out / WORK, ignore_errors=True)
        return False
    _check_folder(out)
    (out / WORK).mkdir(parents=True, exist_ok=True)
    busy = InputError(f"out={out}", "another prepare is writing there", "wait for it to end")
    with exclusive_lock(out / WORK / _LOCK, busy):
        _keep_plan(plan, out)
        _reserve(plan, out)
        writer, tasks = SceneWriter(maker, out, plan.settings), scene_tasks(plan)
        for done, _ in enumerate(unordered(writer.write, tasks, workers=workers), start=1):
            if progress is not None:
                progress(done, len(tasks))
        finish(plan, out)
    shutil.rmtree(out / WORK)
    return True


def scene_tasks(plan: Plan) -> list[SceneTask]:
    """All units of work; the training scenes' slots follow each other."""
    tasks, first = [], 0
    for number, (scene, count) in enumerate(zip(plan.part("train"), plan.quota, strict=True)):
        tasks.append(SceneTask(part="train", number=number, scene=scene, first=first, count=count))
        first += count
    for part in ("val", "test"):
        tasks += [SceneTask(part=part, number=number, scene=scene) for number, scene in enumerate(plan.part(part))]
    return tasks


def check_complete(plan: Plan, out: Path) -> None:
    """Refuses a finished store that other settings or data made; a later version of the software is accepted.

    Raises:
        InputError: naming what differs.
    """
    before = read_json(out / STORE, cure=START_AGAIN)
    check_same({**before, "software": plan.as_dict()["software"]}, plan, out)


def _keep_plan(plan: Plan, out: Path) -> None:
    path = out / WORK / _PLAN
    if path.is_file():
        check_same(read_json(path, cure=START_AGAIN), plan, out)
    else:
        with atomic_path(path) as temporary:
            temporary.write_text(plan_text(plan), encoding="utf-8")
    for stale in out.rglob(".*.tmp-*"):
        stale.unlink()


def _reserve(plan: Plan, out: Path) -> None:
    for part in PARTS:
        (out / part).mkdir(exist_ok=True)
    side, exposures = plan.settings.patch_size, len(plan.exposures)
    arrays = {
        "ldr": ("u1", ldr_shape(plan.patches, exposures, side)),
        "reference": ("u2", reference_shape(plan.patches, side)),
    }
    needed = plan.patches * side * side * 3 * (exposures + 2)
    here = sum(path.stat().st_blocks * 512 for path in (out / "train").glob("*.npy"))
    free = shutil.disk_usage(out).free
    if needed - here > free:
        raise InputError(
            f"out={out}",
            f"{needed / 1000000000.0:.1f} GB are needed and {free / 1000000000.0:.1f} GB free",
            "choose another disk",
        )
    for name, (dtype, shape) in arrays.items():
        reserve(out / "train" / f"{name}.npy", dtype, shape)


def _check_folder(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise InputError(f"out={out}", "a file", "give a folder")
    if out.is_dir() and any(out.iterdir()) and not (out / WORK).is_dir():
        raise InputError(f"out={out}", "holds other files and no store", "give an empty or new folder")
