"""Turns a finished journal into the store's tables, checksums and, last of all, `store.json`."""

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from twostage_hdr.data.store.journal import Entry, Journal
from twostage_hdr.data.store.layout import (
    CHECKSUMS,
    FROZEN_PARTS,
    PARTS,
    PATCH_SUMS,
    PER_ITEM,
    README,
    SOURCES,
    STORE,
    WORK,
    frozen_path,
    item_array,
    patch_sum,
    readme,
    write_array,
)
from twostage_hdr.data.store.plan import Plan, plan_text
from twostage_hdr.imaging.atomic import atomic_path


def finish(plan: Plan, out: Path) -> None:
    """Writes everything that is known only when all scenes are done. Repeating it changes nothing."""
    journal = Journal(out / WORK)
    entries = {part: [journal.entry(part, n) for n in range(len(plan.part(part)))] for part in PARTS}
    _write_text(out / "train" / "patches.csv", _patch_table(plan, entries["train"]))
    for part in FROZEN_PARTS:
        rows = [
            (number, scene.id, *entry.size)
            for number, (scene, entry) in enumerate(zip(plan.part(part), entries[part], strict=True))
        ]
        _write_text(out / part / "scenes.csv", _table(("number", "scene", "height", "width"), rows))
    for part in PARTS:
        for name in PER_ITEM:
            values = [value for entry in entries[part] for value in getattr(entry, name)]
            write_array(out / part / f"{name}.npy", item_array(name, values))
    write_array(out / f"{PATCH_SUMS}.npy", _patch_sums(out))
    read = {name: file for part in PARTS for entry in entries[part] for name, file in entry.read.items()}
    sources = [(name, size, digest) for name, (size, _, digest) in sorted(read.items())]
    _write_text(out / SOURCES, _table(("file", "bytes", "sha256"), sources))
    _write_text(out / README, readme(plan.patches, plan.exposures, plan.settings.patch_size))
    text = plan_text(plan)
    _write_text(out / CHECKSUMS, "".join(_checksum_lines(plan, out, text)))
    _write_text(out / STORE, text)


def store_files(plan: Plan) -> list[str]:
    """The store's files, by their paths below it, without `store.json` and the checksums."""
    train = [f"train/{name}.npy" for name in ("ldr", "reference", *PER_ITEM)] + [f"{PATCH_SUMS}.npy"]
    whole = [
        frozen_path(Path(), part, number, kind).as_posix()
        for part in FROZEN_PARTS
        for number in range(len(plan.part(part)))
        for kind in ("ldr", "reference")
    ]
    tables = [f"{part}/{name}" for part in FROZEN_PARTS for name in ("scenes.csv", *(f"{n}.npy" for n in PER_ITEM))]
    return sorted([README, SOURCES, "train/patches.csv", *train, *whole, *tables])


def _patch_sums(out: Path) -> np.ndarray:
    ldr, reference = (np.load(out / "train" / f"{name}.npy", mmap_mode="r") for name in ("ldr", "reference"))
    return np.array([patch_sum(*pair) for pair in zip(ldr, reference, strict=True)], np.uint32)


def _checksum_lines(plan: Plan, out: Path, store_text: str) -> Iterator[str]:
    for name in store_files(plan):
        with (out / name).open("rb") as file:
            yield f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}\n"
    yield f"{hashlib.sha256(store_text.encode()).hexdigest()}  {STORE}\n"


def _patch_table(plan: Plan, entries: list[Entry]) -> str:
    places = [
        (scene.id, *place) for scene, entry in zip(plan.part("train"), entries, strict=True) for place in entry.places
    ]
    return _table(("patch", "scene", "row", "column", "zoom"), [(n, *place) for n, place in enumerate(places)])


def _table(columns: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def _write_text(path: Path, text: str) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
