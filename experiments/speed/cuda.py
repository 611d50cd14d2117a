"""The first minutes on a GPU: is it right, and how fast is it? One command, under four minutes.

    python -m experiments.speed.cuda                                                     # writes results/cuda.json
    python -m experiments.speed.cuda --device cpu --tiny --output /tmp/cuda.json         # the same, tiny, anywhere

Differences are those of every shipped set's output from the CPU's in float32. The plain ways are the published
arithmetic: float32, NCHW, no TF32, as `training.py` and `inference.py` have them.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from PIL import Image
from torch import nn
from torch.profiler import ProfilerActivity, profile
from torch.utils.data import DataLoader

from experiments.speed.inference import MULTIPLY_ADDS, RESULTS, command_of, machine, time_command
from experiments.speed.tables import cuda
from experiments.speed.training import HERE, batch, plain_step
from twostage_hdr.cli.run_directory import commit
from twostage_hdr.data.triple import Triple
from twostage_hdr.inference.engine import Engine, mixed_forward
from twostage_hdr.inference.hardware import without_tf32
from twostage_hdr.inference.split.network import SplitNetwork
from twostage_hdr.inference.tiled import encoded
from twostage_hdr.inference.weights import SHIPPED, load_weights
from twostage_hdr.networks.hyper_parameters import to_channels_last
from twostage_hdr.networks.row_plan import paper_stages
from twostage_hdr.training.callbacks.compiled_networks import CompiledNetworks
from twostage_hdr.training.callbacks.graphed_steps import GraphedSteps

PRECISIONS = ("fp32", "bf16")


class Sizes:
    """Of what is measured; tiny for a dry run."""

    def __init__(self, *, tiny: bool) -> None:
        self.sets = ["demo"] if tiny else sorted(path.stem for path in SHIPPED.glob("*.safetensors"))
        self.crop = 24 if tiny else 256
        self.height, self.width = (24, 32) if tiny else (1060, 1900)
        self.batch, self.side = (2, 16) if tiny else (8, 128)
        self.rounds, self.steps, self.matrix = (1, 1, 64) if tiny else (10, 30, 8192)
        self.loaded = 4 if tiny else 200


def wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def seconds(run: Callable[[], object], device: str, rounds: int) -> float:
    """The median of `rounds`, after two that warm up."""
    taken = []
    for _ in range(rounds + 2):
        wait(device)
        start = time.perf_counter()
        run()
        wait(device)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[2:])


def photograph(height: int, width: int) -> np.ndarray:
    """Smooth, with noise and clipped lights."""
    y, x = np.mgrid[:height, :width] / max(height, width)
    light = 0.5 + 0.6 * np.sin(9 * x + 4 * y)[..., None] * np.cos(7 * y[..., None] + np.arange(3))
    noise = np.random.default_rng(0).normal(0, 0.02, light.shape)
    return np.uint8(np.clip(light + noise, 0, 1) * 255)


def compiled(network: nn.Module) -> nn.Module:
    for stage in paper_stages(network):
        stage.blocks.compile()
    return network


def differences(device: str, sizes: Sizes) -> dict[str, dict[str, float]]:
    """Largest difference of each set's output from the CPU's."""
    ldr, found = photograph(sizes.crop, sizes.crop), {}
    for name in sizes.sets:
        expected = Engine(network=load_weights(name), device="cpu").run(ldr)
        ways = {p: Engine(network=load_weights(name), device=device, precision=p) for p in PRECISIONS}
        found[name] = {way: float(np.abs(engine.run(ldr) - expected).max()) for way, engine in ways.items()}
    return found


def inference(device: str, sizes: Sizes) -> dict[str, dict[str, float]]:
    """A photograph through both stages, warm: from its pixels in memory to the result's, and the networks alone."""
    ldr = photograph(sizes.height, sizes.width)
    plain, image = load_weights("two_stage").to(device), encoded(ldr).to(device)
    with torch.inference_mode(), without_tf32:
        taken = {"plain forward, fp32": seconds(lambda: plain(image), device, sizes.rounds)}
    for precision in PRECISIONS:
        engine = Engine(network=load_weights("two_stage"), device=device, precision=precision)
        taken[f"ours, {precision}"] = seconds(lambda engine=engine: engine.run(ldr), device, sizes.rounds)
    image = image.contiguous(memory_format=torch.channels_last)
    networks = {"PyTorch's network": to_channels_last(load_weights("two_stage"))}
    if device == "cuda":
        networks["PyTorch's network, compiled"] = compiled(to_channels_last(load_weights("two_stage")))
    networks["the network alone"] = SplitNetwork(paper_stages(plain))
    for way, network in networks.items():
        network.to(device)
        with torch.inference_mode():
            alone = seconds(lambda network=network: mixed_forward(network, image), device, sizes.rounds)
        taken[f"{way}, bf16"] = alone
    command = {"whole command, bf16": {"seconds": whole_command(device, ldr)}}
    peaks = {dtype: matrix_peak(device, dtype, sizes.matrix) for dtype in (torch.float32, torch.bfloat16)}
    work = 2 * MULTIPLY_ADDS * sizes.height * sizes.width
    return {
        way: {
            "seconds": value,
            "share_of_peak": work / value / peaks[torch.bfloat16 if "bf16" in way else torch.float32],
        }
        for way, value in taken.items()
    } | command


def whole_command(device: str, ldr: np.ndarray) -> float:
    """Imports, reading, computing and writing of one photograph."""
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder) / "photograph.png"
        Image.fromarray(ldr).save(photo)
        return time_command(command_of(photo, Path("two_stage"), Path(folder) / "out", "bf16", device))["seconds"]


def matrix_peak(device: str, dtype: torch.dtype, side: int) -> float:
    """Operations a second of a product of large matrices."""
    a = torch.rand(side, side, device=device).to(dtype)
    return 2 * side**3 / seconds(lambda: a @ a, device, 3)


class Clock(L.Callback):
    """Seconds of the steps after the first few, and the share of them that the GPU spent in kernels."""

    def __init__(self, device: str, *, warm: int) -> None:
        self.device, self.warm, self.steps = device, warm, 0
        self.profiler = profile(activities=[ProfilerActivity.CUDA]) if device == "cuda" else None
        self.kernels: float | None = None

    def on_train_batch_start(self, trainer: L.Trainer, module: L.LightningModule, batch: Triple, index: int) -> None:
        if index == self.warm:
            if self.profiler is not None:
                self.profiler.start()
            wait(self.device)
            self.started = time.perf_counter()

    def on_train_batch_end(self, *_: Any) -> None:
        self.steps += 1

    def on_train_end(self, *_: Any) -> None:
        wait(self.device)
        spent = time.perf_counter() - self.started
        self.seconds = spent / (self.steps - self.warm)
        if self.profiler is not None:
            self.profiler.stop()
            busy = sum(event.self_device_time_total for event in self.profiler.key_averages())  # microseconds
            self.kernels = busy / 1e6 / spent


def configured(*overrides: str) -> Any:
    with initialize_config_dir(version_base="1.3", config_dir=str(HERE.parents[1] / "conf")):
        return compose("train", overrides=["run_dir=.", "experiment=paper", *overrides])


def training(device: str, sizes: Sizes) -> dict[str, dict[str, float | None]]:
    """A step of the paper's recipe: all losses, both stages and the discriminator."""
    triple = batch(sizes.batch, sizes.side)
    on_device = Triple(*(part.to(device) if isinstance(part, torch.Tensor) else part for part in triple))
    with torch.device(device), without_tf32:
        step = plain_step(on_device)
        rows: dict[str, dict[str, float | None]] = {"plain, fp32": {"seconds": seconds(step, device, sizes.rounds)}}
    ways: dict[str, tuple[str, list[type[L.Callback]]]] = {
        "ours, fp32": ("32-true", []),
        "ours, bf16": ("bf16-mixed", []),
    }
    if device == "cuda":
        ways |= {
            "ours, bf16, compiled": ("bf16-mixed", [CompiledNetworks]),
            "ours, bf16, as a CUDA graph": ("bf16-mixed", [GraphedSteps]),
            "ours, bf16, compiled, as a CUDA graph": ("bf16-mixed", [CompiledNetworks, GraphedSteps]),
        }
    for way, (precision, callbacks) in ways.items():
        clock = Clock(device, warm=min(10, sizes.steps))
        trainer = L.Trainer(
            accelerator="gpu" if device == "cuda" else "cpu",
            devices=1,
            precision=precision,  # type: ignore[arg-type]
            benchmark=True,
            max_epochs=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            callbacks=[clock, *(callback() for callback in callbacks)],
        )
        ours = triple._replace(ldr=triple.ldr.contiguous(memory_format=torch.channels_last))
        loader = DataLoader([ours] * (clock.warm + sizes.steps), batch_size=None, pin_memory=device == "cuda")
        trainer.fit(instantiate(configured().module), loader)
        rows[way] = {"seconds": clock.seconds, "share_in_kernels": clock.kernels}
    return rows


def loading(sizes: Sizes) -> dict[str, float]:
    """Crops a second that the loader delivers, by the run's own choice of processes."""
    small = ["data.source.count=4", "data.source.height=64", "data.source.width=96"]
    overrides = [f"data.crop_size={sizes.side}", f"data.patch_size={sizes.side}", f"data.batch_size={sizes.batch}"]
    data = instantiate(configured("data=procedural", *overrides, *(small if sizes.loaded < 10 else [])).data)
    batches = iter(data.train_dataloader())
    next(batches)
    start = time.perf_counter()
    for _ in range(sizes.loaded):
        next(batches)
    return {"crops_per_second": sizes.loaded * sizes.batch / (time.perf_counter() - start), "workers": data.workers}


def measure(device: str, sizes: Sizes) -> dict[str, Any]:
    start = time.perf_counter()
    card = torch.cuda.get_device_name() if device == "cuda" else machine()["cpu"]
    figures = {"card": card, "torch": torch.__version__, "commit": commit()}
    figures |= {"image": {"height": sizes.height, "width": sizes.width}, "batch": sizes.batch, "crop_px": sizes.side}
    figures |= {"differences": differences(device, sizes), "inference": inference(device, sizes)}
    figures |= {"training": training(device, sizes), "loading": loading(sizes)}
    if device == "cuda":
        figures["peak_memory_mib"] = torch.cuda.max_memory_allocated() / 2**20
    return figures | {"seconds": time.perf_counter() - start}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--tiny", action="store_true", help="sizes for a dry run")
    parser.add_argument("--output", type=Path, default=RESULTS / "cuda.json")
    chosen = parser.parse_args(arguments)
    figures = measure(chosen.device, Sizes(tiny=chosen.tiny))
    chosen.output.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(cuda(figures))


if __name__ == "__main__":
    main()
