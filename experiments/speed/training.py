"""One training step of the two-stage module against the plain arithmetic: batch 8, 128 px,
all losses, both stages and the discriminator.

    python -m experiments.speed.training [--rounds 5] [--threads 2]

The plain step is written out below: NCHW, float32, one forward of the discriminator for each use (the generator's loss,
real images, generated images), gradients to the discriminator's weights in the generator's step, one Adam after the
other with a loop over parameters; also with the memory settings that ours makes (`keep_freed_memory`). Ours is
`TwoStageModule.training_step` as the Trainer runs it. Each variant runs in its own process; they take turns, so that
whatever else the machine does falls on all. Figures are medians over rounds, of the clock and of processor time, but
for the first.
"""

import argparse
import json
import multiprocessing
import statistics
import subprocess
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import lightning as L
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from experiments.speed.inference import machine
from twostage_hdr.data.triple import Triple
from twostage_hdr.inference.hardware import keep_freed_memory
from twostage_hdr.losses.perceptual_colour import PerceptualColourLoss
from twostage_hdr.losses.structure import SSIMLoss
from twostage_hdr.networks.discriminator import Discriminator
from twostage_hdr.networks.two_stage import TwoStageNetwork

HERE = Path(__file__).parent
BATCH, SIDE = 8, 128


def batch(count: int, side: int) -> Triple:
    """Smooth random light, clipped for the frame: `count` crops of `side` px."""
    coarse = torch.rand(count, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 1.6
    reference = F.interpolate(coarse, size=(side, side), mode="bilinear")
    ldr = (255 * reference.clamp(0, 1)).round() / 255
    return Triple(ldr, reference.clamp(0, 1), reference, [f"{i}" for i in range(count)], torch.ones(count))


def plain_step(triple: Triple) -> Callable[[], None]:
    """The published arithmetic."""
    torch.manual_seed(0)
    network, discriminator = TwoStageNetwork(), Discriminator()
    networks = (network.enhancement, network.tone_mapping, discriminator)
    adam = [torch.optim.Adam(one.parameters(), lr=5e-4, betas=(0.9, 0.99), foreach=False) for one in networks]
    structure, colour, cross_entropy = SSIMLoss(), PerceptualColourLoss(), nn.BCEWithLogitsLoss()

    def labels(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(len(triple.ldr))

    def step() -> None:
        enhanced = network.enhancement(triple.ldr)
        adversarial = cross_entropy(discriminator(enhanced), torch.ones(len(triple.ldr)))
        first = F.l1_loss(enhanced, triple.reference8) + structure(enhanced, triple.reference8) + 1e-3 * adversarial
        update(adam[0], first)
        hdr = network.tone_mapping(enhanced.detach())
        update(adam[1], F.l1_loss(hdr, triple.reference16) + colour(hdr, triple.reference16) / 255)
        real = cross_entropy(discriminator(triple.reference8), labels(0.7, 1.2))
        fake = cross_entropy(discriminator(enhanced.detach()), labels(0.0, 0.3))
        update(adam[2], real + fake)

    return step


def update(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


Cost = dict[str, float]
"""Seconds of the clock, and of all this process's threads together."""

WAYS = {
    "plain, float32": [],
    "plain, float32, memory kept": [],
    "ours, float32": ["trainer=cpu"],
    "ours, bfloat16": ["trainer=cpu_bf16"],
}
"""Overrides of the configuration of our step; none for the plain one."""


class Turn:
    """A step's wait for its turn, and its report."""

    def __init__(self, others: Connection) -> None:
        self.others = others

    def begin(self) -> None:
        self.others.recv()
        self.started = time.perf_counter(), time.process_time()

    def end(self) -> None:
        clock, processor = self.started
        self.others.send({"seconds": time.perf_counter() - clock, "processor_seconds": time.process_time() - processor})


class Turns(L.Callback):
    """Each step of the Trainer in its turn."""

    def __init__(self, turn: Turn) -> None:
        self.turn = turn

    def on_train_batch_start(self, *_: Any) -> None:
        self.turn.begin()

    def on_train_batch_end(self, *_: Any) -> None:
        self.turn.end()


def run(way: str, rounds: int, threads: int, others: Connection) -> None:
    """One way in this process."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    triple, turn = batch(BATCH, SIDE), Turn(others)
    if WAYS[way]:
        fit(triple, rounds + 1, Turns(turn), *WAYS[way])
        return
    if way.endswith("kept"):
        keep_freed_memory()
    step = plain_step(triple)
    for _ in range(rounds + 1):
        turn.begin()
        step()
        turn.end()


def measure(rounds: int, threads: int) -> dict[str, list[Cost]]:
    """The costs of each way's steps, in turns."""
    context = multiprocessing.get_context("spawn")
    pipes = {way: context.Pipe() for way in WAYS}
    processes = [context.Process(target=run, args=(way, rounds, threads, pipes[way][1]), daemon=True) for way in WAYS]
    for process, (_, theirs) in zip(processes, pipes.values(), strict=True):
        process.start()
        theirs.close()  # so that a process that ends early is seen here
    costs: dict[str, list[Cost]] = {way: [] for way in WAYS}
    for _ in range(rounds + 1):
        for way, (ours, _) in pipes.items():
            ours.send(None)
            costs[way].append(ours.recv())
    for process in processes:
        process.join()
    return {way: steps[1:] for way, steps in costs.items()}


def fit(triple: Triple, updates: int, callback: L.Callback, *overrides: str) -> None:
    """Our step, as the Trainer runs it, so many times on the same crops."""
    with initialize_config_dir(version_base="1.3", config_dir=str(HERE.parents[1] / "conf")):
        config = compose("train", overrides=["run_dir=.", *overrides])
    trainer = L.Trainer(
        accelerator="cpu",
        precision=config.trainer.precision,
        max_epochs=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[instantiate(config.callbacks.winograd), callback],
    )
    ours = triple._replace(ldr=triple.ldr.contiguous(memory_format=torch.channels_last))
    trainer.fit(instantiate(config.module), DataLoader([ours] * updates, batch_size=None))


def summary(costs: dict[str, list[Cost]]) -> dict[str, Any]:
    """Medians, and how many times as fast as the first way a way is, round by round."""
    plain = costs[next(iter(WAYS))]
    return {
        way: {
            kind: {
                "median": round(statistics.median(step[kind] for step in steps), 3),
                "times_as_fast": round(
                    statistics.median(one[kind] / step[kind] for one, step in zip(plain, steps, strict=True)), 2
                ),
            }
            for kind in ("seconds", "processor_seconds")
        }
        for way, steps in costs.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "training.json")
    arguments = parser.parse_args()
    rows = summary(measure(arguments.rounds, arguments.threads))
    facts = {
        "batch": BATCH,
        "crop_px": SIDE,
        "rounds": arguments.rounds,
        "threads": arguments.threads,
        "torch": torch.__version__,
        "processor": machine()["cpu"],
        "bf16_instructions": "avx512_bf16" in Path("/proc/cpuinfo").read_text()
        if Path("/proc/cpuinfo").exists()
        else None,
        "commit": subprocess.run(
            ["git", "-C", str(HERE), "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
        ).stdout.strip(),
        "rows": rows,
    }
    arguments.out.parent.mkdir(exist_ok=True)
    arguments.out.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
