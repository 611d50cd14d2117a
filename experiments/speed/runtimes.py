"""Is ours the fastest way to run the network on a CPU? Ours against what a user would pick instead.

Every run is a process of its own with the files converted beforehand; counted is one photograph from its pixels to the
output's rows, without loading or compiling. The ways take turns, ours before each of the close ones, so that whatever
else the machine does falls on all; ratios are to our run just before, of the clock and of processor time. Those that
are far behind run in the first round only. `tiles` are windows of the photograph with the receptive radius around each
tile, which is what bounds a runtime's memory.

    pip install 'twostage-hdr[onnx]' MNN openvino ncnn pnnx
    python -m experiments.speed.runtimes --rounds 3
"""

import argparse
import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from experiments.speed import runtime_forwards as forwards
from experiments.speed.inference import RESULTS, machine, photograph, precisions
from twostage_hdr.inference.engine import Engine
from twostage_hdr.inference.tiled import encoded
from twostage_hdr.inference.weights import load_weights
from twostage_hdr.networks.row_plan import row_plan

WEIGHTS = "two_stage"
RADIUS = row_plan(load_weights(WEIGHTS)).radius or 0
WINDOW_PIXELS = 200_000
"""Largest window, tile and halo: at which MNN and OpenVINO stay near our memory."""

CONVERTED = {
    "MNN": forwards.mnn,
    "OpenVINO": forwards.openvino,
    "ONNX Runtime": forwards.onnx_runtime,
    "ncnn": forwards.ncnn,
}
TORCH = {"torch.compile": forwards.compiled, "PyTorch": forwards.plain}
CLOSE = ("MNN", "OpenVINO")
WITHOUT_BF16 = ("MNN", "ONNX Runtime")
"""On x86: MNN's package is built without it (its low_bf16 gives float32's output), ONNX Runtime has no kernels."""
PACKAGES = {"MNN": "MNN", "OpenVINO": "openvino", "ONNX Runtime": "onnxruntime", "ncnn": "ncnn"}


def ways() -> list[tuple[str, str, str]]:
    """(runtime, precision, whole or tiles)."""
    found: list[tuple[str, str, str]] = []
    for precision in precisions():
        names = [name for name in CONVERTED if precision == "fp32" or name not in WITHOUT_BF16]
        found += [(name, precision, extent) for name in names for extent in ("whole", "tiles")[: 1 + (name in CLOSE)]]
        found += [(name, precision, "whole") for name in TORCH]
    return found


def window_of(height: int, width: int) -> tuple[int, int]:
    """Sides of the windows that cover a photograph with the fewest pixels, none larger than `WINDOW_PIXELS`."""
    covers = []
    for rows, columns in itertools.product(range(1, 40), repeat=2):
        window = tuple(min(-(-side // count) + 2 * RADIUS, side) for side, count in ((height, rows), (width, columns)))
        if window[0] * window[1] <= WINDOW_PIXELS:
            covers.append((rows * columns * window[0] * window[1], window))
    return min(covers)[1]


def windows(length: int, side: int) -> Iterator[tuple[slice, slice]]:
    """Windows of one size along a side, moved inside the photograph at its ends: what is read, what is written."""
    step = side if side == length else side - 2 * RADIUS
    for start in range(0, length, step):
        begin = min(max(start - RADIUS, 0), length - side)
        yield slice(begin, begin + side), slice(start, min(start + step, length))


def in_tiles(forward: forwards.Forward, image: np.ndarray, window: tuple[int, int]) -> np.ndarray:
    whole = np.empty(image.shape, np.float32)
    for (rows, out_rows), (columns, out_columns) in itertools.product(
        windows(image.shape[2], window[0]), windows(image.shape[3], window[1])
    ):
        tile = forward(np.ascontiguousarray(image[:, :, rows, columns]))
        top, left = out_rows.start - rows.start, out_columns.start - columns.start
        height, width = out_rows.stop - out_rows.start, out_columns.stop - out_columns.start
        whole[:, :, out_rows, out_columns] = tile[:, :, top : top + height, left : left + width]
    return whole


def prepare(name: str, precision: str, extent: str, folder: Path, ldr: np.ndarray) -> Callable[[], np.ndarray]:
    """A way made ready to run; its result is (1, 3, H, W)."""
    threads = torch.get_num_threads()
    if name == "ours":
        engine = Engine(network=load_weights(WEIGHTS), device="cpu", precision=precision)
        return lambda: engine.run(ldr).transpose(2, 0, 1)[None]
    height, width = ldr.shape[:2]
    window = window_of(height, width) if extent == "tiles" else (height, width)
    if name in TORCH:
        forward = TORCH[name](WEIGHTS, window, precision)
    else:
        forward = CONVERTED[name](folder, window, precision, threads)
    if extent == "tiles":
        return lambda: in_tiles(forward, encoded(ldr).numpy(), window)
    return lambda: forward(encoded(ldr).numpy())


def run_way(name: str, precision: str, extent: str, folder: Path) -> None:
    """Prints one run's cost; the plain network's output is kept for the others to be compared with."""
    ldr = np.asarray(Image.open(folder / "photograph.png"))
    run = prepare(name, precision, extent, folder, ldr)
    load = os.getloadavg()[0]
    start, processor = time.perf_counter(), time.process_time()
    output = run()
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    reference = folder / "reference.npy"
    if not reference.exists():
        np.save(reference, output)
    difference = float(np.abs(output - np.load(reference)).max())
    cost = {"seconds": seconds, "processor_seconds": processor, "peak_mib": peak, "max_difference": difference}
    print(json.dumps(cost | {"load": load}))


def own_process(name: str, precision: str, extent: str, folder: Path, threads: int) -> dict:
    command = [sys.executable, "-m", "experiments.speed.runtimes", "one", name, precision, extent, str(folder)]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{name}, {precision}, {extent}: {done.stderr[-2000:]}")
    cost = json.loads(done.stdout.splitlines()[-1])
    print(name, precision, extent, {key: round(value, 6) for key, value in cost.items()}, flush=True)
    return cost


def measure(height: int, width: int, rounds: int, threads: int) -> dict:
    """Every way in turns with ours, `rounds` times."""
    runs: dict[tuple[str, str, str], list[tuple[dict, dict]]] = {way: [] for way in ways()}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        photograph(folder / "photograph.png", height, width)
        forwards.convert(WEIGHTS, folder)
        plain = own_process("PyTorch", "fp32", "whole", folder, threads)
        for index in range(rounds):
            for way, pairs in runs.items():
                name, precision, extent = way
                if name in CLOSE or index == 0:
                    if extent == "whole" and name in CONVERTED:
                        ours = own_process("ours", precision, "stream", folder, threads)
                    done = plain if way == ("PyTorch", "fp32", "whole") else own_process(*way, folder, threads)
                    pairs.append((ours, done))
    git = ["git", "-C", str(RESULTS), "rev-parse", "--short", "HEAD"]
    return {
        "commit": subprocess.run(git, check=True, capture_output=True, text=True).stdout.strip(),
        "machine": machine() | {"threads": threads},
        "versions": {name: version(package) for name, package in PACKAGES.items()},
        "image": {"height": height, "width": width},
        "window": window_of(height, width),
        "rounds": rounds,
        "figures": [figure for precision in precisions() for figure in summary(runs, precision)],
    }


def summary(runs: dict[tuple[str, str, str], list[tuple[dict, dict]]], precision: str) -> list[dict]:
    """Medians; ratios to our run just before."""
    ours = list({id(mine): mine for way, pairs in runs.items() if way[1] == precision for mine, _ in pairs}.values())
    figures = [{"way": "ours", "precision": precision, "extent": "stream"} | medians(ours)]
    for (name, kind, extent), pairs in runs.items():
        if kind == precision:
            ratios = {
                f"{key}_of_ours": round(statistics.median(other[key] / mine[key] for mine, other in pairs), 2)
                for key in ("seconds", "processor_seconds")
            }
            figure = {"way": name, "precision": kind, "extent": extent} | medians([other for _, other in pairs])
            figures.append(figure | ratios)
    return figures


def medians(costs: list[dict]) -> dict:
    digits = {"seconds": 2, "processor_seconds": 2, "peak_mib": None, "load": 1}
    facts = {key: round(statistics.median(cost[key] for cost in costs), count) for key, count in digits.items()}
    facts["processor_seconds_of_runs"] = [round(cost["processor_seconds"], 2) for cost in costs]
    return facts | {"max_difference": float(f"{max(cost['max_difference'] for cost in costs):.2g}")}


def main() -> None:
    if sys.argv[1:2] == ["one"]:
        return run_way(*sys.argv[2:5], Path(sys.argv[5]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--height", type=int, default=1060)
    parser.add_argument("--width", type=int, default=1900)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", type=Path, default=RESULTS / "runtimes.json")
    arguments = parser.parse_args()
    figures = measure(arguments.height, arguments.width, arguments.rounds, arguments.threads)
    arguments.output.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures["figures"], indent=1))


if __name__ == "__main__":
    main()
