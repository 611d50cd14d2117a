"""Training crops per second and core: decoding three PNGs per sample (the published way), the store, the camera.

    python -m experiments.speed.feeding --store DIR --hdr FOLDER [--seconds 10] [--out results/feeding.json]

All three read the same number of samples in batches of eight from warm files, in this one process with one thread.
Rates are given per second of processor time, so that other work on the machine does not count, and per second of the
clock. Last, four worker processes feed a step of 15 ms.
"""

import argparse
import json
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count, islice
from pathlib import Path
from queue import Queue
from threading import Thread

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, default_collate

from twostage_hdr.camera.exposure import ClippedShareExposure
from twostage_hdr.camera.jpeg import Jpeg
from twostage_hdr.camera.noise import SensorNoise
from twostage_hdr.camera.response import SigmoidResponse
from twostage_hdr.camera.virtual_camera import VirtualCamera
from twostage_hdr.data.hdr_folder import HdrFolderSource
from twostage_hdr.data.patches import EpochSampler, PatchDataset
from twostage_hdr.data.store.datamodule import StoreDataModule, StoredPatches
from twostage_hdr.data.store.store_source import StoreSource
from twostage_hdr.data.triple import Triple

BATCH, PATCH, CROP = 8, 256, 128
STEP = 0.015
WORKERS = 4
PNG_PATCHES = 256


class PngTriples(Dataset[Triple]):
    """The published layout: per patch an LDR, an 8-bit and a 16-bit PNG; decoded whole for every crop."""

    def __init__(self, folder: Path, number: int) -> None:
        self.folder, self.number = folder, number

    def __len__(self) -> int:
        return self.number

    def __getitem__(self, key: tuple[int, int]) -> Triple:
        rng = np.random.default_rng(key)
        stem = self.folder / f"{key[1] % self.number:05d}"
        top, left = (int(rng.integers(PATCH - CROP + 1)) for _ in range(2))
        images = []
        for kind, top_value in (("ldr", 255), ("reference8", 255), ("reference16", 65535)):
            pixels = cv2.imread(f"{stem}_{kind}.png", cv2.IMREAD_UNCHANGED)[:, :, ::-1]
            crop = pixels[top : top + CROP, left : left + CROP].astype(np.float32) / top_value
            images.append(torch.from_numpy(np.ascontiguousarray(crop.transpose(2, 0, 1))))
        return Triple(*images, "", torch.tensor(1.0))


def write_pngs(source: StoreSource, folder: Path, number: int) -> int:
    """The first patches of the store as PNG triples; the size of one in bytes."""
    ldr, reference = (source.stored.array(f"train/{kind}") for kind in ("ldr", "reference"))
    frame = source.stored.exposures.index(source.exposure)
    for patch in range(number):
        encoded = reference[patch] / source.stored.array("train/alignratio")[patch]
        eight = np.rint(np.minimum(encoded, 1) * 255).astype(np.uint8)
        for kind, pixels in (("ldr", ldr[patch, frame]), ("reference8", eight), ("reference16", reference[patch])):
            assert cv2.imwrite(str(folder / f"{patch:05d}_{kind}.png"), pixels[:, :, ::-1])
    return sum(path.stat().st_size for path in folder.iterdir()) // number


def batches(dataset: Dataset[Triple] | StoredPatches, size: int) -> Iterator[Triple]:
    for epoch in count():
        keys = iter(EpochSampler(count=size, seed=epoch))
        while len(chosen := [(epoch, index) for _, index in islice(keys, BATCH)]) == BATCH:
            if isinstance(dataset, StoredPatches):
                yield dataset.__getitems__(chosen)
            else:
                yield default_collate([dataset[key] for key in chosen])


def rate(dataset: Dataset[Triple] | StoredPatches, size: int, seconds: float) -> dict[str, float]:
    """Crops per second after a first pass that warms files and caches."""
    feed = batches(dataset, size)
    warm = time.monotonic()
    for _ in range(-(-size // BATCH)):
        next(feed)
        if time.monotonic() - warm > 3 * seconds:
            break
    crops, clock, processor = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - clock < seconds:
        next(feed)
        crops += BATCH
    return {
        "crops": crops,
        "per_core_second": round(crops / (time.process_time() - processor), 1),
        "per_clock_second": round(crops / (time.perf_counter() - clock), 1),
    }


def waiting(loader: DataLoader[Triple], steps: int) -> dict[str, float]:
    """How long a step of 15 ms (a sleep: the processor is free meanwhile, as with a GPU) waits for its batch.

    A thread receives the batches, as the one that pins memory does where there is a GPU.
    """
    ready: Queue[Triple] = Queue(maxsize=2)
    Thread(target=lambda: [ready.put(batch) for _ in count() for batch in loader], daemon=True).start()
    for _ in range(2 * WORKERS):
        ready.get()
    waits, processor = [], time.process_time()
    for _ in range(steps):
        began = time.perf_counter()
        ready.get()
        waits.append(time.perf_counter() - began)
        time.sleep(STEP)
    busy = time.process_time() - processor
    told = 1000 * np.array(waits)
    return {
        "steps": steps,
        "step_ms": 1000 * STEP,
        "wait_ms_median": round(float(np.median(told)), 2),
        "wait_ms_p99": round(float(np.percentile(told, 99)), 2),
        "share_of_steps_that_waited_over_1_ms": round(float(np.mean(told > 1)), 4),
        "main_process_busy_ms_per_batch": round(1000 * busy / steps, 2),
        "rate_crops_per_second": round(BATCH / (STEP + float(np.mean(waits))), 1),
    }


def machine() -> dict[str, object]:
    model = next(
        (line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "load_before": [round(value, 2) for value in os.getloadavg()],
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "opencv": cv2.__version__,
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines() if Path(path).is_file() else []


def commit() -> str:
    told = subprocess.run(
        ["git", "describe", "--always", "--exclude=*"], capture_output=True, text=True, cwd=Path(__file__).parent
    )
    return told.stdout.strip() or "unknown"


def camera_source(folder: str) -> HdrFolderSource:
    """conf/camera/random.yaml."""
    return HdrFolderSource(
        root=folder,
        camera=VirtualCamera(
            exposure=ClippedShareExposure(low=0.01, high=0.2),
            response=SigmoidResponse(),
            noise=SensorNoise(),
            jpeg=Jpeg(quality_low=30, quality_high=100, probability=0.5),
        ),
    )


def measure(store: str, hdr: str, seconds: float, steps: int) -> dict[str, object]:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    facts = machine()
    source, camera = StoreSource(root=store), camera_source(hdr)
    patches = len(source.stored)
    stored = StoredPatches(source, count=patches, crop_size=CROP, flips=False, seed=0)
    scenes = camera.scenes()
    number = 8 * len(scenes)
    shot = PatchDataset(
        camera, scenes, count=number, patch_size=PATCH, crop_size=CROP, flips=False, fresh=True, zoom=2.0, seed=0
    )
    ways: dict[str, Callable[[], dict[str, float]]] = {
        "store": lambda: rate(stored, patches, seconds),
        "camera": lambda: rate(shot, len(shot), seconds),
    }
    with tempfile.TemporaryDirectory() as folder:
        few = min(PNG_PATCHES, patches)
        size = write_pngs(source, Path(folder), few)
        rates = {"png": rate(PngTriples(Path(folder), few), few, seconds) | {"bytes_per_triple": size}}
    rates |= {name: way() for name, way in ways.items()}
    module = StoreDataModule(source=StoreSource(root=store), batch_size=BATCH, crop_size=CROP, workers=WORKERS)
    return {
        "question": "How many 128 px training crops does one core make ready in a second?",
        "commit": commit(),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": facts,
        "patch_px": PATCH,
        "crop_px": CROP,
        "batch": BATCH,
        "patches_in_store": patches,
        "rates": rates,
        "store_over_png": round(rates["store"]["per_core_second"] / rates["png"]["per_core_second"], 1),
        "workers": WORKERS,
        "remark": "With fewer free cores than workers, waits show how the system shares its cores, not the store: "
        "a step of 15 ms needs 533 crops/s, see rates.store.",
        "waiting": waiting(module.train_dataloader(), steps),
    }


def main() -> None:
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", required=True, help="a store made by `twostage-hdr prepare data=hdm ...`")
    parser.add_argument("--hdr", required=True, help="folder of HDR images for the on-the-fly camera")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--out", type=Path, default=here / "results" / "feeding.json")
    given = parser.parse_args()
    told = measure(given.store, given.hdr, given.seconds, given.steps)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    rates = told["rates"]
    assert isinstance(rates, dict)
    print("| way | crops/s per core | crops/s by the clock |\n| --- | ---: | ---: |")
    for name, figures in rates.items():
        print(f"| {name} | {figures['per_core_second']} | {figures['per_clock_second']} |")
    print(f"store / png: {told['store_over_png']}; waiting: {told['waiting']}")


if __name__ == "__main__":
    main()
