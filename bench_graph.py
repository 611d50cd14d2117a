# ruff: noqa: D101, D102, D103
"""Is a graphed step right, and how fast is it? Under 90 s on a GPU; sections are independent, errors are printed.

python bench_graph.py                             # all; results also in $OUT/graph.json, or ./graph.json
python bench_graph.py --device cpu --tiny         # the Python around it, with a fake graph
python bench_graph.py --sections bare,graph,same  # some of: plain eager bare graph same same32 ema compiled
"""

import argparse
import copy
import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning as L
import torch
from hydra.utils import instantiate
from lightning.pytorch.utilities.types import STEP_OUTPUT
from torch.profiler import ProfilerActivity, profile
from torch.utils.data import DataLoader

from experiments.speed.cuda import Sizes, configured, seconds, wait
from experiments.speed.training import batch, plain_step
from twostage_hdr.data.triple import Triple
from twostage_hdr.inference.hardware import without_tf32
from twostage_hdr.training.callbacks.averaged_weights import AveragedWeights
from twostage_hdr.training.callbacks.compiled_networks import CompiledNetworks
from twostage_hdr.training.callbacks.graphed_steps import WARM_UP, CudaGraph, GraphedSteps

SECTIONS = ("plain", "eager", "bare", "graph", "same", "same32", "ema", "compiled")


class Rerun:
    """The interface of a graph, without one."""

    @contextmanager
    def stream(self) -> Iterator[None]:
        yield

    def record(self, work: Callable[[], None]) -> None:
        self.work = work

    def replay(self) -> None:
        self.work()


class Bench:
    def __init__(self, device: str, tiny: bool) -> None:
        self.device, self.tiny = device, tiny
        self.sizes = Sizes(tiny=tiny)
        self.triple = batch(self.sizes.batch, self.sizes.side)
        self.triple = self.triple._replace(ldr=self.triple.ldr.contiguous(memory_format=torch.channels_last))
        self.profiles = False
        self.graph: Any = CudaGraph if device == "cuda" else Rerun
        self.warm, self.timed, self.profiled = (WARM_UP + 2, 2, 1) if tiny else (12, 60, 10)

    def module(self) -> Any:
        torch.manual_seed(0)
        small = ["++module.discriminator.features=2", "++module.network.features=8", "++module.network.growth=4"]
        return instantiate(configured(*(small if self.tiny else [])).module)

    def fit(self, module: Any, batches: list[Triple], *callbacks: L.Callback, **settings: Any) -> L.Trainer:
        defaults: dict[str, Any] = {"precision": "bf16-mixed", "benchmark": True}
        trainer = L.Trainer(
            accelerator="gpu" if self.device == "cuda" else "cpu",
            devices=1,
            max_epochs=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            callbacks=list(callbacks),
            **(defaults | settings),
        )
        trainer.fit(module, DataLoader(batches, batch_size=None, pin_memory=self.device == "cuda"))
        return trainer

    def timed_fit(self, *callbacks: L.Callback) -> dict[str, Any]:
        clock = Clock(self)
        steps = self.warm + self.timed + self.profiled
        self.fit(self.module(), [self.triple] * steps, *callbacks, clock)
        for callback in callbacks:
            if isinstance(callback, GraphedSteps):
                clock.result["replays"] = callback.replays
        return clock.result

    # Sections.

    def plain(self) -> dict[str, Any]:
        on_device = Triple(*(p.to(self.device) if isinstance(p, torch.Tensor) else p for p in self.triple))
        with torch.device(self.device), without_tf32:
            step = plain_step(on_device)
            return {"ms": 1e3 * seconds(step, self.device, 1 if self.tiny else 10)}

    def eager(self) -> dict[str, Any]:
        return self.timed_fit()

    def graphed(self) -> dict[str, Any]:
        return self.timed_fit(GraphedSteps(graph=self.graph))

    def ema(self) -> dict[str, Any]:
        return self.timed_fit(AveragedWeights(decay=0.999), GraphedSteps(graph=self.graph))

    def compiled(self) -> dict[str, Any]:
        return self.timed_fit(CompiledNetworks(), GraphedSteps(graph=self.graph))

    def same(self, precision: str = "bf16-mixed") -> dict[str, Any]:
        """From one start on differing batches: ordinary twice (what chance does), and with the graph."""
        steps, start = WARM_UP + 5, self.module()
        batches = []
        for index in range(steps):
            shown = tuple(part.roll(index, -1) if part.dim() == 4 else part for part in self.triple[:3])
            batches.append(Triple(*shown, self.triple.scene, self.triple.scale))
        # A smaller last batch takes an ordinary step after the replayed ones.
        batches.append(Triple(*(part[: max(2, len(part) // 2)] for part in batches[0])))
        runs = {}
        for name in ("ordinary", "again", "graph"):
            curve, module = Curve(), copy.deepcopy(start)
            graphs = [GraphedSteps(graph=self.graph)] if name == "graph" else []
            trainer = self.fit(module, batches, *graphs, curve, precision=precision, benchmark=False)
            weights = {key: value.detach().float().cpu() for key, value in module.state_dict().items()}
            runs[name] = (curve.steps, weights, trainer.global_step, module.updates)
            if graphs:
                print("replays", graphs[0].replays, "of", len(batches), "steps")
        first = runs["ordinary"]
        found: dict[str, Any] = {
            "global_step": [run[2] for run in runs.values()],
            "updates": [r[3] for r in runs.values()],
        }
        moved = max(float((first[1][k] - v.float()).abs().max()) for k, v in start.state_dict().items())
        found["largest_change_of_a_value_in_training"] = moved
        for name in ("again", "graph"):
            other = runs[name]
            rows = [
                max(abs(ours[key].item() - theirs[key].item()) / max(1e-3, abs(ours[key].item())) for key in ours)
                for ours, theirs in zip(first[0], other[0], strict=True)
            ]
            found[f"{name}: largest relative difference of a logged loss, by step"] = rows
            difference = {key: float((value - other[1][key]).abs().max()) for key, value in first[1].items()}
            worst = max(difference, key=lambda key: difference[key])
            found[f"{name}: largest difference of a weight or buffer"] = [worst, difference[worst]]
            squares = sum(float((value - other[1][key]).square().sum()) for key, value in first[1].items())
            size = sum(float((first[1][k] - v.float().cpu()).square().sum()) for k, v in start.state_dict().items())
            found[f"{name}: |difference of weights| / |change of weights|"] = (squares / size) ** 0.5
        same_keys = [set(a) == set(b) for a, b in zip(first[0], runs["graph"][0], strict=True)]
        found["logs the same names"] = all(same_keys)
        return found

    def same32(self) -> dict[str, Any]:
        with without_tf32:
            return self.same("32-true")

    def bare(self) -> dict[str, Any]:
        """Without Lightning: what a graph gives of networks, losses, and losses with Adam, each captured by itself."""
        found: dict[str, Any] = {}
        module = self.module().to(self.device).train()
        module.watch_output = lambda *_: None
        module.log_losses = lambda *_: None
        triple = Triple(*(p.to(self.device) if isinstance(p, torch.Tensor) else p for p in self.triple))
        labels = torch.rand(2, len(triple.ldr), device=self.device)
        module.soft_labels = lambda: (labels, (0, 1))
        parts = module.optimized_parts()
        cuda = self.device == "cuda"
        rate = torch.tensor(5e-4, device=self.device) if cuda else 5e-4
        adams = [
            torch.optim.Adam(p.parameters(), lr=rate, betas=(0.9, 0.99), fused=True, capturable=cuda) for p in parts
        ]
        for adam in adams:
            adam._warned_capturable_if_run_uncaptured = True  # type: ignore[attr-defined]

        def networks() -> None:
            for adam in adams:
                adam.zero_grad(set_to_none=True)
            with torch.autocast(self.device, torch.bfloat16):
                enhanced, hdr = module.network.stages(triple.ldr, detach=True)
                logit = module.discriminator(triple.reference8)
            (enhanced.float().mean() + hdr.float().mean() + logit.float().mean()).backward()

        def losses(*, step: bool = False) -> None:
            for adam in adams:
                adam.zero_grad(set_to_none=True)
            with torch.autocast(self.device, torch.bfloat16):
                enhanced, hdr = (image.float() for image in module.network.stages(triple.ldr, detach=True))
                with torch.autocast(self.device, enabled=False):
                    tone_mapping, _ = module.tone_mapping_loss(hdr, triple.reference16)
                enhancement, of_discriminator = module.enhancement_losses(enhanced, triple)
                enhancement.backward()
                tone_mapping.backward()
                for _, loss in of_discriminator:
                    loss.backward()
            if step:
                for adam in adams:
                    adam.step()

        for name, work in {"networks": networks, "losses": losses, "with Adam": lambda: losses(step=True)}.items():
            try:
                graph = self.graph()
                for _ in range(3):
                    with graph.stream():
                        work()
                graph.record(work)
                wait(self.device)
                found[name] = {
                    "graph_ms": 1e3 * seconds(graph.replay, self.device, 1 if self.tiny else 20),
                    "eager_ms": 1e3 * seconds(work, self.device, 1 if self.tiny else 5),
                }
                print("bare", name, found[name], flush=True)
                found[name] |= kernels(graph.replay, 1 if self.tiny else 5, self.profiles)
                del graph
            except Exception:
                found[name] = traceback.format_exc()
                print(found[name], flush=True)
                raise
        return found


def kernels(work: Callable[[], object], times: int, profiles: bool) -> dict[str, Any]:
    """Milliseconds of kernels and their number, of one run."""
    if not profiles:
        return {}
    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        for _ in range(times):
            work()
        torch.cuda.synchronize()
    return summary(profiler, times)


def summary(profiler: Any, times: int) -> dict[str, Any]:
    events = [e for e in profiler.key_averages() if e.self_device_time_total > 0]
    busy = sum(e.self_device_time_total for e in events) / 1e3 / times
    top = sorted(events, key=lambda e: -e.self_device_time_total)[:12]
    shown = [[round(e.self_device_time_total / 1e3 / times, 3), e.count / times, e.key[:90]] for e in top]
    return {"kernels_ms": busy, "kernels": sum(e.count for e in events) / times, "top": shown}


class Clock(L.Callback):
    """Steps timed without a profiler, then some with one."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.host, self.result = bench, 0.0, {}
        self.profiler = profile(activities=[ProfilerActivity.CUDA]) if bench.profiles else None

    def on_train_batch_start(self, trainer: L.Trainer, module: Any, batch: Any, index: int) -> None:
        if index == self.bench.warm:
            wait(self.bench.device)
            self.started = time.perf_counter()
        if index == self.bench.warm + self.bench.timed:
            wait(self.bench.device)
            spent = time.perf_counter() - self.started
            self.result = {"ms": 1e3 * spent / self.bench.timed, "host_ms_in_step": 1e3 * self.host / self.bench.timed}
            print(self.result, flush=True)
            if self.profiler is not None:
                self.profiler.start()
        self.began = time.perf_counter()

    def on_train_batch_end(self, trainer: L.Trainer, module: Any, out: STEP_OUTPUT, batch: Any, index: int) -> None:
        if self.bench.warm <= index < self.bench.warm + self.bench.timed:
            self.host += time.perf_counter() - self.began

    def on_train_end(self, *_: Any) -> None:
        wait(self.bench.device)
        if self.profiler is not None:
            self.profiler.stop()
            self.result |= summary(self.profiler, self.bench.profiled)
            self.result["share_in_kernels"] = self.result["kernels_ms"] / self.result["ms"]
            self.result["peak_memory_mib"] = torch.cuda.max_memory_allocated() / 2**20


class Curve(L.Callback):
    """Every logged loss, left on the device."""

    def __init__(self) -> None:
        self.steps: list[dict[str, torch.Tensor]] = []

    def on_train_batch_end(self, trainer: L.Trainer, *_: Any) -> None:
        logged = trainer.callback_metrics.items()
        self.steps.append({name: value.clone() for name, value in logged if "zero_share" not in name})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--no-profile", action="store_true", help="times only, should the profiler fail on graphs")
    parser.add_argument("--sections", default=",".join(SECTIONS))
    chosen = parser.parse_args()
    output = Path(os.environ.get("OUT", ".")) / "graph.json"
    figures = json.loads(output.read_text(encoding="utf-8")) if os.environ.get("GRAPH_GOES_ON") else {}
    card = torch.cuda.get_device_name() if chosen.device == "cuda" else "cpu"
    print(card, "torch", torch.__version__, flush=True)
    figures |= {"card": card, "torch": torch.__version__}
    bench, wanted = Bench(chosen.device, chosen.tiny), chosen.sections.split(",")
    bench.profiles = chosen.device == "cuda" and not chosen.no_profile
    for place, name in enumerate(wanted):
        start, failed = time.perf_counter(), False
        try:
            figures[name] = getattr(bench, {"graph": "graphed"}.get(name, name))()
        except BaseException:
            failed = True
            figures[name] = {"error": traceback.format_exc()}
            print(f"=== {name} FAILED\n{figures[name]['error']}", flush=True)
        shown = {key: value for key, value in figures[name].items() if key != "error"}
        print(f"=== {name} ({time.perf_counter() - start:.1f} s)\n{json.dumps(shown, indent=1)}", flush=True)
        output.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
        rest = wanted[place + 1 :]
        if failed and rest:  # a failed recording may leave the device in a state that fails everything after it
            again = [sys.executable, __file__, "--device", chosen.device, "--sections", ",".join(rest)]
            again += ["--tiny"] * chosen.tiny + ["--no-profile"] * chosen.no_profile
            sys.exit(subprocess.run(again, env=os.environ | {"GRAPH_GOES_ON": "1"}, check=False).returncode)
    report(figures)


def report(figures: dict[str, Any]) -> None:
    plain = figures.get("plain", {}).get("ms")
    print("\nsection    ms/step  kernels ms  share  times plain fp32")
    for name in ("plain", "eager", "graph", "ema", "compiled"):
        row = figures.get(name, {})
        if "ms" in row:
            share, busy = row.get("share_in_kernels", float("nan")), row.get("kernels_ms", float("nan"))
            ratio = plain / row["ms"] if plain else float("nan")
            print(f"{name:9} {row['ms']:8.2f} {busy:11.2f} {share:6.0%} {ratio:8.2f}")
        elif "error" in row:
            print(f"{name:9} failed: {row['error'].strip().splitlines()[-1]}")


if __name__ == "__main__":
    main()
