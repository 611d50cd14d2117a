"""How much faster is `twostage-hdr reconstruct` than the plain way, and how much memory does it save?

Ours is the whole command on one photograph, cold: imports, reading, computing, writing. The plain way (whole image,
NCHW, float32) is counted over its forward alone. They take turns in processes of their own; ratios are taken within a
round. bf16 is measured where the processor multiplies it; elsewhere it is emulated, and nobody should use it.

    python -m experiments.speed.inference --rounds 3
    python -m experiments.speed.inference --rounds 5 --name inference_without_bf16
    ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 MKL_ENABLE_INSTRUCTIONS=AVX2 \
        python -m experiments.speed.inference --name inference_avx2    # AVX2 on any processor
"""

import argparse
import csv
import json
import os
import platform
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from twostage_hdr.inference.engine import Engine
from twostage_hdr.inference.hardware import computes_in_bf16
from twostage_hdr.inference.tiled import encoded
from twostage_hdr.inference.weights import load_weights, save_weights
from twostage_hdr.networks.two_stage import TwoStageNetwork

RESULTS = Path(__file__).parent / "results"
MULTIPLY_ADDS = sum(weight.numel() for weight in TwoStageNetwork().parameters() if weight.ndim == 4)
"""Multiply-adds for a pixel of the plain network: one for each weight of its convolutions."""
EXECUTED_MULTIPLY_ADDS = 3 * (36 * 30_720 + 192 * 36 * 36 + 256 * 16 * 37) / 16 + 2 * (54 * 64 + 192)
"""Multiply-adds for a pixel of the streamed network (products, transforms, first and last convolutions)."""


def precisions() -> tuple[str, ...]:
    """What this processor computes in, unless the environment holds oneDNN to AVX2."""
    held = os.environ.get("ONEDNN_MAX_CPU_ISA") == "AVX2"
    return ("fp32", "bf16") if computes_in_bf16(torch.device("cpu")) and not held else ("fp32",)


def photograph(path: Path, height: int, width: int) -> None:
    """A smooth picture with noise and clipped lights."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:height, :width] / max(height, width)
    light = 0.5 + 0.6 * np.sin(9 * x + 4 * y)[..., None] * np.cos(7 * y[..., None] + np.arange(3))
    Image.fromarray(np.uint8(np.clip(light + rng.normal(0, 0.02, light.shape), 0, 1) * 255)).save(path)


def run_plain(path: Path, weights: Path) -> None:
    """Prints the seconds of the plain forward and this process's peak memory."""
    network, image = load_weights(weights), encoded(np.asarray(Image.open(path)))
    with torch.no_grad():
        start, processor = time.perf_counter(), time.process_time()
        network(image)
        seconds, processor = time.perf_counter() - start, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "processor_seconds": processor, "peak_mib": peak}))


def run_peak() -> None:
    """Prints this machine's matrix-product peak, operations a second, in float32 and bfloat16."""
    peaks = {}
    for name in precisions():
        dtype = torch.bfloat16 if name == "bf16" else torch.float32
        a, best = torch.rand(2048, 2048).to(dtype), float("inf")
        for _ in range(15):
            start = time.perf_counter()
            a @ a
            best = min(best, time.perf_counter() - start)
        peaks[name] = 2 * 2048**3 / best
    print(json.dumps(peaks))


def run_fidelity(path: Path, weights: Path) -> None:
    """Prints how far both precisions are from the plain way, on the middle 512x512 pixels."""
    network, whole = load_weights(weights), np.asarray(Image.open(path))
    top, left = max(whole.shape[0] // 2 - 256, 0), max(whole.shape[1] // 2 - 256, 0)
    ldr = np.ascontiguousarray(whole[top : top + 512, left : left + 512])
    with torch.inference_mode():
        plain = network(encoded(ldr))[0].permute(1, 2, 0).numpy()
    out = {}
    for precision in precisions():
        error = Engine(network=network, device="cpu", precision=precision).run(ldr).astype(np.float64) - plain
        decibels = -10 * float(np.log10(np.mean(error**2)))
        out[precision] = {
            "max_difference": float(np.abs(error).max()),
            "psnr_peak_1": decibels,
            "psnr_peak_of_reference": decibels + 20 * float(np.log10(plain.max())),
        }
    print(json.dumps(out))


def own_process(*arguments: str | Path) -> dict:
    """This script's answer to a question, from a process of its own."""
    command = [sys.executable, "-m", "experiments.speed.inference", *map(str, arguments)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def command_of(photo: Path, weights: Path, out: Path, precision: str, device: str = "cpu") -> list[str]:
    settings = ["--device", device, "--precision", precision, "--to", "exr", "--overwrite"]
    program = [sys.executable, "-m", "twostage_hdr"]
    return [*program, "reconstruct", str(photo), "--weights", str(weights), "--output", str(out), *settings]


def time_command(command: list[str]) -> dict[str, float]:
    """Wall-clock seconds and peak memory of a whole process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        raise SystemExit(f"{shlex.join(command)} failed: {process.stderr.read().decode()}")  # type: ignore[union-attr]
    processor = usage.ru_utime + usage.ru_stime
    return {"seconds": seconds, "processor_seconds": processor, "peak_mib": usage.ru_maxrss / 1024}


def machine() -> dict:
    info = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return {
        "cpu": names[0] if names else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def measure(height: int, width: int, rounds: int, weights: Path | None) -> dict:
    """All figures of the speed table."""
    with tempfile.TemporaryDirectory() as folder:
        photo, out = Path(folder) / "photograph.png", Path(folder) / "out"
        photograph(photo, height, width)
        if weights is None:
            torch.manual_seed(0)
            weights = Path(folder) / "random.safetensors"
            save_weights(weights, TwoStageNetwork())
        runs: list[dict] = []
        for _ in range(rounds):
            turn = {"plain": own_process("plain", photo, weights)}
            turn |= {p: time_command(command_of(photo, weights, out, p)) for p in precisions()}
            runs.append(turn)
            print(
                {name: f"{run['seconds']:.1f} s, {run['peak_mib']:.0f} MiB" for name, run in turn.items()}, flush=True
            )
        peaks, fidelity = own_process("peak"), own_process("fidelity", photo, weights)
    return summary(runs, peaks, fidelity, height, width)


def summary(runs: list[dict], peaks: dict, fidelity: dict, height: int, width: int) -> dict:
    """Medians over the rounds; ratios within a round."""
    figures = []
    for name in ("plain", *precisions()):
        seconds = statistics.median(run[name]["seconds"] for run in runs)
        peak = peaks["bf16" if name == "bf16" else "fp32"]
        executed = MULTIPLY_ADDS if name == "plain" else EXECUTED_MULTIPLY_ADDS
        command = (
            "forward of the whole image, NCHW, float32"
            if name == "plain"
            else shlex.join(command_of(Path("photograph.png"), Path("weights"), Path("out"), name)[1:])
        )
        figures.append(
            {
                "way": name,
                "seconds": round(seconds, 2),
                "times_as_fast": round(statistics.median(r["plain"]["seconds"] / r[name]["seconds"] for r in runs), 2),
                "processor_seconds": round(statistics.median(run[name]["processor_seconds"] for run in runs), 2),
                "peak_mib": round(statistics.median(run[name]["peak_mib"] for run in runs)),
                "memory_share": round(statistics.median(r[name]["peak_mib"] / r["plain"]["peak_mib"] for r in runs), 3),
                "share_of_peak_executed": round(2 * executed * height * width / seconds / peak, 3),
                "share_of_peak_of_plain_arithmetic": round(2 * MULTIPLY_ADDS * height * width / seconds / peak, 3),
                "command": command if name == "plain" else "twostage-hdr " + command,
            }
        )
    git = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    return {
        "commit": subprocess.run(git, check=True, capture_output=True, text=True).stdout.strip(),
        "machine": machine(),
        "image": {"height": height, "width": width},
        "matrix_product_peak_gflops": {name: round(value / 1e9) for name, value in peaks.items()},
        "figures": figures,
        "fidelity": fidelity,
        "rounds": runs,
    }


def main() -> None:
    if sys.argv[1:2] == ["plain"]:
        return run_plain(Path(sys.argv[2]), Path(sys.argv[3]))
    if sys.argv[1:2] == ["peak"]:
        return run_peak()
    if sys.argv[1:2] == ["fidelity"]:
        return run_fidelity(Path(sys.argv[2]), Path(sys.argv[3]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--height", type=int, default=1060)
    parser.add_argument("--width", type=int, default=1900)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--weights", type=Path, help="default: a network with random weights (the time is the same)")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder for the figures")
    parser.add_argument("--name", default="inference", help="of the figures' files")
    arguments = parser.parse_args()
    result = measure(arguments.height, arguments.width, arguments.rounds, arguments.weights)
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / f"{arguments.name}.json").write_text(json.dumps(result, indent=2) + "\n")
    with (arguments.output / f"{arguments.name}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(result["figures"][0]))
        writer.writeheader()
        writer.writerows(result["figures"])
    print(json.dumps({key: value for key, value in result.items() if key != "rounds"}, indent=2))


if __name__ == "__main__":
    main()
