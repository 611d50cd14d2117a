"""Peak memory: of a training step by batch and crop, and of a large photograph through the whole command.

    python -m experiments.speed.memory training
    python -m experiments.speed.memory photograph FILE [--megapixels 100] [--precisions bf16]

Every run is a process of its own; its peak is what the system counted, imports included. The step is that of
`module=two_stage` with all losses and the discriminator. The large photograph is the given one, repeated.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import lightning as L
import numpy as np
from PIL import Image

from experiments.speed.inference import machine
from experiments.speed.training import batch as crops
from experiments.speed.training import fit
from twostage_hdr.cli.run_directory import commit

RESULTS = Path(__file__).parent / "results"
SIZES = ((8, 64), (4, 128), (8, 128), (16, 128), (8, 192), (8, 256))
"""Crops in a batch, and their side in px."""


def train(batch: int, crop: int, trainer: str) -> None:
    """Two steps in this process."""
    fit(crops(batch, crop), 2, L.Callback(), f"trainer={trainer}")


def peak_mib(*command: str) -> float:
    """Of a command in a process of its own."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"error: {' '.join(command)} failed with {os.waitstatus_to_exitcode(status)}")
    return round(usage.ru_maxrss / 1024)


def training() -> None:
    """The table of `results/memory_training.json`."""
    own = ("-m", "experiments.speed.memory", "step")
    imports = peak_mib(sys.executable, "-c", "import experiments.speed.training")
    rows = []
    for batch, crop in SIZES:
        peaks = {name: peak_mib(sys.executable, *own, str(batch), str(crop), name) for name in ("cpu", "cpu_bf16")}
        rows.append({"batch": batch, "crop_px": crop, "peak_mib": peaks})
        print(rows[-1], flush=True)
    write("memory_training", {"imports_mib": imports, "rows": rows})


def photograph(file: Path, megapixels: float, precisions: Sequence[str]) -> None:
    """The figures of `results/memory_photograph.json`, with the default set."""
    picture = np.asarray(Image.open(file).convert("RGB"))
    scale = (megapixels * 1e6 / (picture.shape[0] * picture.shape[1])) ** 0.5
    height, width = (int(np.ceil(scale * side)) for side in picture.shape[:2])
    times = int(np.ceil(scale))
    with tempfile.TemporaryDirectory() as folder:
        large = Path(folder) / "large.jpg"
        Image.fromarray(np.tile(picture, (times, times, 1))[:height, :width]).save(large, quality=90)
        command = (sys.executable, "-m", "twostage_hdr", "reconstruct", str(large), "-o", folder, "--to", "exr")
        peaks = {name: peak_mib(*command, "--overwrite", "--precision", name) for name in precisions}
    size = {"width": width, "height": height, "megapixels": round(width * height / 1e6, 1)}
    write("memory_photograph", size | {"peak_mib": peaks})


def write(name: str, figures: dict[str, object]) -> None:
    """As JSON, with machine and commit."""
    facts = {"commit": commit(), "machine": machine(), **figures}
    (RESULTS / f"{name}.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(facts, indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="what", required=True)
    verbs.add_parser("training")
    picture = verbs.add_parser("photograph")
    picture.add_argument("file", type=Path)
    picture.add_argument("--megapixels", type=float, default=100)
    picture.add_argument("--precisions", nargs="+", default=["fp32", "bf16"], choices=("fp32", "bf16"))
    step = verbs.add_parser("step")
    step.add_argument("batch", type=int)
    step.add_argument("crop", type=int)
    step.add_argument("trainer")
    arguments = parser.parse_args()
    match arguments.what:
        case "training":
            training()
        case "photograph":
            photograph(arguments.file, arguments.megapixels, arguments.precisions)
        case _:
            train(arguments.batch, arguments.crop, arguments.trainer)


if __name__ == "__main__":
    main()
