"""One training step of the two-stage module against the plain arithmetic: batch 8, 128 px,
all losses, both stages and the discriminator.

    python -m experiments.speed.training [--rounds 5] [--threads 2]

The plain step is written out below: NCHW, float32, one forward of the discriminator for each use (the generator's loss,
real images, generated images), gradients to the discriminator's weights in the generator's step, one Adam after the
other with a loop over parameters. Ours is `TwoStageModule.training_step` as the Trainer runs it. The three take turns,
so that whatever else the machine does falls on all; ratios are medians over rounds, of the clock and of processor time.
"""

import argparse
import json
import platform
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning as L
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from twostage_hdr.data.triple import Triple
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


class Pairs(L.Callback):
    """Times each step of the run, and a plain step after it."""

    def __init__(self, plain: Callable[[], None]) -> None:
        self.plain = plain
        self.pairs: list[tuple[Cost, Cost]] = []

    def on_train_batch_start(self, *_: Any) -> None:
        self.started = time.perf_counter(), time.process_time()

    def on_train_batch_end(self, *_: Any) -> None:
        ours = self.since()
        self.started = time.perf_counter(), time.process_time()
        self.plain()
        self.pairs.append((self.since(), ours))

    def since(self) -> Cost:
        clock, processor = self.started
        return {"seconds": time.perf_counter() - clock, "processor_seconds": time.process_time() - processor}


def measure(triple: Triple, rounds: int, *overrides: str) -> list[tuple[Cost, Cost]]:
    """(plain, ours) of each round, without the first."""
    torch.manual_seed(0)
    pairs = Pairs(plain_step(triple))
    fit(triple, rounds + 1, pairs, *overrides)
    return pairs.pairs[1:]


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


def summary(pairs: list[tuple[Cost, Cost]]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for kind in ("seconds", "processor_seconds"):
        facts[kind] = {
            "plain": round(statistics.median(plain[kind] for plain, _ in pairs), 3),
            "ours": round(statistics.median(ours[kind] for _, ours in pairs), 3),
            "times_as_fast": round(statistics.median(plain[kind] / ours[kind] for plain, ours in pairs), 2),
        }
    return facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "training.json")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    triple = batch(BATCH, SIDE)
    rows = {
        name: summary(measure(triple, arguments.rounds, *overrides))
        for name, overrides in {
            "float32": ["trainer=cpu"],
            "bfloat16": ["trainer=cpu_bf16"],
        }.items()
    }
    facts = {
        "batch": BATCH,
        "crop_px": SIDE,
        "rounds": arguments.rounds,
        "threads": arguments.threads,
        "torch": torch.__version__,
        "processor": platform.processor() or platform.machine(),
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
