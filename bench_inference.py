# ruff: noqa: D103
"""Both stages at 1900x1060 in bfloat16, variant by variant; under 100 s on a GPU.

python bench_inference.py                       # on a GPU; lines come as they are measured
python bench_inference.py --device cpu --tiny   # the same here; checks the split network against the plain one
"""

import argparse
import statistics
import time
import traceback
from collections.abc import Callable
from functools import partial

import numpy as np
import torch

from twostage_hdr.inference.engine import Engine, mixed_forward
from twostage_hdr.inference.hardware import without_tf32
from twostage_hdr.inference.split import sums
from twostage_hdr.inference.split.network import SplitBlock, SplitNetwork
from twostage_hdr.inference.tiled import encoded
from twostage_hdr.inference.weights import load_weights
from twostage_hdr.networks.hyper_parameters import to_channels_last
from twostage_hdr.networks.row_plan import paper_stages

START = time.perf_counter()
PAIRS = [((0,), (1, 2, 3, 4, 5)), ((1,), (2,)), ((1, 2), (3, 4, 5)), ((3,), (4,)), ((3, 4), (5,))]
KEPT = [((0,), (1, 2, 3, 4, 5)), ((1,), (2,)), ((1, 2), (3,)), ((1, 2, 3), (4,)), ((1, 2, 3, 4), (5,))]

parser = argparse.ArgumentParser()
parser.add_argument("--device", default="cuda")
parser.add_argument("--tiny", action="store_true")
parser.add_argument("--budget", type=float, default=70, help="seconds; what begins later is left out")
parser.add_argument("--only", default="", help="words, comma-separated: variants with one of them in their name")
chosen = parser.parse_args()
GPU = chosen.device.startswith("cuda")
HEIGHT, WIDTH, CROP = (40, 56, 24) if chosen.tiny else (1060, 1900, 256)
ROUNDS = 2 if chosen.tiny else 10


def wait() -> None:
    if GPU:
        torch.cuda.synchronize()


def say(*words: object) -> None:
    print(f"[{time.perf_counter() - START:5.1f} s]", *words, flush=True)


def timed(run: Callable[[], object], rounds: int = ROUNDS, warm: int = 2) -> tuple[float, float, float]:
    """Milliseconds by events, by the clock, and of the first call."""
    wait()
    begin = time.perf_counter()
    run()
    wait()
    first = (time.perf_counter() - begin) * 1e3
    for _ in range(warm):
        run()
    by_events, by_clock = [], []
    for _ in range(rounds):
        wait()
        if GPU:
            a, b = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            a.record()
        begin = time.perf_counter()
        run()
        if GPU:
            b.record()
        wait()
        by_clock.append((time.perf_counter() - begin) * 1e3)
        by_events.append(a.elapsed_time(b) if GPU else by_clock[-1])
    return statistics.median(by_events), statistics.median(by_clock), first


plain = load_weights("two_stage").eval()
WORK = 2 * HEIGHT * WIDTH * sum(p.numel() for p in plain.parameters() if p.dim() == 4)
generator = np.random.default_rng(0)
y, x = np.mgrid[:HEIGHT, :WIDTH] / max(HEIGHT, WIDTH)
light = 0.5 + 0.6 * np.sin(9 * x + 4 * y)[..., None] * np.cos(7 * y[..., None] + np.arange(3))
LDR = np.uint8(np.clip(light + generator.normal(0, 0.02, light.shape), 0, 1) * 255)
IMAGE = encoded(LDR, device=chosen.device).contiguous(memory_format=torch.channels_last)
SMALL = encoded(np.ascontiguousarray(LDR[:CROP, :CROP]))
with torch.inference_mode():
    EXACT = plain(SMALL)
SMALL_THERE = SMALL.to(chosen.device).contiguous(memory_format=torch.channels_last)
PEAK = 0.0
RESULTS: list[tuple[float, str]] = []
stages = lambda: paper_stages(load_weights("two_stage").eval().to(chosen.device))  # noqa: E731


def wanted(name: str) -> bool:
    if chosen.only and not any(word in name for word in chosen.only.split(",")):
        return False
    if time.perf_counter() - START > chosen.budget:
        say(f"{name}: left out, no time")
        return False
    return True


def measure(name: str, make: Callable[[], Callable[[torch.Tensor], torch.Tensor]], *, search: bool, **how: int) -> None:
    """One variant: cuDNN's search on or off; `make` gives a function of an image."""
    if not wanted(name):
        return
    try:
        torch.backends.cudnn.benchmark = search
        with torch.inference_mode(), without_tf32:
            forward = make()
            by_events, by_clock, first = timed(lambda: forward(IMAGE), **how)
            if GPU:
                torch.cuda.reset_peak_memory_stats()
                forward(IMAGE)
                memory = torch.cuda.max_memory_allocated() / 2**30
            else:
                memory = 0.0
            found = getattr(forward, "plain", forward)(SMALL_THERE).float().cpu()
        wrong = (found - EXACT).abs()
        share = WORK / (by_events / 1e3) / PEAK
        RESULTS.append((by_events, name))
        say(
            f"{name:44s} {by_events:8.2f} ms, clock {by_clock:8.2f}, first {first:7.0f}, {share:6.1%} of the peak, "
            f"max {wrong.max():.2e}, mean {wrong.mean():.2e}, {memory:.1f} GiB"
        )
    except Exception:
        say(f"{name}: FAILED\n{traceback.format_exc()[-1800:]}")
        if GPU:
            torch.cuda.empty_cache()
    finally:
        torch.backends.cudnn.benchmark = False


def graphed(make: Callable[[], Callable[[torch.Tensor], torch.Tensor]]) -> Callable[[torch.Tensor], torch.Tensor]:
    """A CUDA graph of one size; called with the size it was made for it copies the image in."""
    forward = make()
    if not GPU:
        return forward
    there = IMAGE.clone(memory_format=torch.preserve_format)
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(2):
            forward(there)
    torch.cuda.current_stream().wait_stream(side)
    wait()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = forward(there)

    def run(image: torch.Tensor) -> torch.Tensor:
        there.copy_(image)
        graph.replay()
        return result

    run.plain = forward  # type: ignore[attr-defined]
    return run


def split(plan: object = None, *, dtype: torch.dtype = torch.bfloat16) -> SplitNetwork:
    make = SplitBlock if plan is None else partial(SplitBlock, plan=plan)
    return SplitNetwork(stages(), dtype=dtype, make_block=make).to(chosen.device)


def by_torch(network: SplitNetwork, image: torch.Tensor) -> torch.Tensor:
    for stage in network.stages:
        image = stage(image, sums)
    return image


def by_bands(forward: Callable[[torch.Tensor], torch.Tensor], rows: int, image: torch.Tensor) -> torch.Tensor:
    height, radius, out = image.shape[2], 17, torch.empty_like(image)
    for top in range(0, height, rows):
        above, end = max(top - radius, 0), min(top + rows, height)
        band = image[:, :, above : end + radius].contiguous(memory_format=torch.channels_last)
        out[:, :, top:end] = forward(band)[:, :, top - above : end - above]
    return out


def current() -> Callable[[torch.Tensor], torch.Tensor]:
    return partial(mixed_forward, to_channels_last(load_weights("two_stage").eval().to(chosen.device)))


def plain_fp32() -> Callable[[torch.Tensor], torch.Tensor]:
    network = load_weights("two_stage").eval().to(chosen.device)
    return lambda image: network(image.contiguous())


SHAPES: list = []


def fused() -> SplitNetwork:
    from twostage_hdr.inference.split.fused_triton import FusedBlock

    return SplitNetwork(stages(), make_block=partial(FusedBlock, shapes=SHAPES or None)).to(chosen.device)


def tune() -> None:
    """The programs' shapes of the fused block, one convolution after the other."""
    if not GPU or not wanted("fused tune"):
        return
    try:
        from twostage_hdr.inference.split.fused_triton import FusedBlock, Shape

        block = FusedBlock(stages()[0].blocks[0], dtype=torch.bfloat16).to(chosen.device)  # type: ignore[arg-type]
        x = torch.randn(1, 64, HEIGHT, WIDTH, device=chosen.device, dtype=torch.bfloat16)
        x = x.contiguous(memory_format=torch.channels_last)
        middle = [Shape(128, 32, 4, 4), Shape(256, 32, 8, 3), Shape(256, 32, 4, 3)]
        tried = [
            [Shape(128, 128, 8, 3), Shape(128, 256, 8, 3), Shape(128, 128, 4, 3), Shape(256, 128, 8, 3)],
            middle,
            middle,
            middle,
            [Shape(128, 64, 4, 4), Shape(256, 64, 8, 3), Shape(128, 64, 4, 3)],
        ]
        began = time.perf_counter()
        with torch.inference_mode():
            for index, shapes in enumerate(tried):
                best = (float("inf"), block.shapes[index])
                for shape in shapes:
                    if time.perf_counter() - began > 25:
                        break
                    try:
                        block.shapes[index] = shape
                        best = min(best, (timed(lambda: block((x, x)), 3, 1)[0], shape))
                    except Exception as error:
                        say(f"fused {index} {tuple(shape)}: {type(error).__name__} {str(error)[:150]}")
                block.shapes[index] = best[1]
                say(f"fused block: {best[0]:.2f} ms with {tuple(best[1])} for convolution {index}")
        SHAPES[:] = block.shapes
    except Exception:
        say("fused tune: FAILED\n" + traceback.format_exc()[-1800:])


def kernels(name: str, make: Callable[[], Callable[[torch.Tensor], torch.Tensor]], *, search: bool) -> None:
    """Where the time goes: the kernels of one forward."""
    if not GPU or not wanted(f"kernels of {name}"):
        return
    try:
        torch.backends.cudnn.benchmark = search
        with torch.inference_mode(), without_tf32:
            forward = make()
            for _ in range(3):
                forward(IMAGE)
            wait()
            with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
                forward(IMAGE)
                wait()
        rows = sorted(profile.key_averages(), key=lambda event: -event.self_device_time_total)
        say(f"kernels of {name}: {sum(row.self_device_time_total for row in rows) / 1e3:.2f} ms in all")
        for row in rows[:12]:
            print(f"    {row.self_device_time_total / 1e3:7.3f} ms {row.count:4d}x {row.key[:110]}", flush=True)
    except Exception:
        say(f"kernels of {name}: FAILED\n{traceback.format_exc()[-1200:]}")
    finally:
        torch.backends.cudnn.benchmark = False


def compiled() -> Callable[[torch.Tensor], torch.Tensor]:
    network = split()
    program = torch.compile(lambda image: by_torch(network, image), dynamic=False)
    run = lambda image: program(image)  # noqa: E731
    run.plain = partial(by_torch, network)  # type: ignore[attr-defined]  # no second compilation for the crop
    return run


def around() -> None:
    """The engine, and what is around the network."""
    if not wanted("engine"):
        return
    rounds = 2 if chosen.tiny else 6
    for search in (False, True):
        try:
            torch.backends.cudnn.benchmark = search
            for name, tile in (("default tiles", None), ("one tile", max(HEIGHT, WIDTH))):
                precision = "bf16" if GPU else "fp32"
                engine = Engine(network=load_weights("two_stage"), device=chosen.device, precision=precision, tile=tile)
                _, clock, first = timed(lambda engine=engine: engine.run(LDR), rounds)
                _, rows, _ = timed(lambda engine=engine: [None for _ in engine.run_rows(LDR)], rounds)
                say(f"Engine.run, {name}, search {search}: {clock:.2f} ms, first {first:.0f}; run_rows {rows:.2f}")
        except Exception:
            say("engine: FAILED\n" + traceback.format_exc()[-1800:])
        finally:
            torch.backends.cudnn.benchmark = False
    result = torch.rand(HEIGHT, WIDTH, 3, device=chosen.device)
    host = np.ones((HEIGHT, WIDTH, 3), np.float32)
    again = host.copy()
    parts: dict[str, Callable[[], object]] = {
        "upload, uint8, as now": lambda: encoded(LDR, device=chosen.device),
        "download into new pageable memory": lambda: torch.from_numpy(np.empty_like(host)).copy_(result),
        "download into known pageable memory": lambda: torch.from_numpy(host).copy_(result),
        "copy on the host into new memory": lambda: np.empty_like(host).__setitem__(slice(None), host),
        "copy on the host into known memory": lambda: again.__setitem__(slice(None), host),
    }
    if GPU:
        bytes_pinned = torch.empty(HEIGHT, WIDTH, 3, dtype=torch.uint8, pin_memory=True)
        bytes_there = torch.empty(HEIGHT, WIDTH, 3, dtype=torch.uint8, device=chosen.device)
        pinned = torch.empty(HEIGHT, WIDTH, 3, pin_memory=True)
        parts["upload, uint8, pinned known memory"] = lambda: bytes_there.copy_(bytes_pinned, non_blocking=True)
        parts["upload, uint8, through pinned"] = lambda: (
            bytes_pinned.copy_(torch.from_numpy(LDR)),
            bytes_there.copy_(bytes_pinned, non_blocking=True),
        )
        parts["download into known pinned memory"] = lambda: pinned.copy_(result, non_blocking=True)
        parts["download into memory pinned for it"] = lambda: torch.empty(result.shape, pin_memory=True).copy_(result)
    for name, run in parts.items():
        try:
            _, clock, first = timed(run)
            say(f"part: {name:40s} {clock:7.2f} ms, first {first:.1f}")
        except Exception:
            say(f"part {name}: FAILED\n{traceback.format_exc()[-600:]}")


def main() -> None:
    global PEAK
    side = 256 if chosen.tiny else 8192
    a = torch.rand(side, side, device=chosen.device).bfloat16()
    PEAK = 2 * side**3 / (timed(lambda: a @ a, 5)[0] / 1e3)
    card = torch.cuda.get_device_name() if GPU else "CPU"
    say(f"{card}, torch {torch.__version__}, bf16 products {PEAK / 1e12:.1f} TFLOP/s, work {WORK / 1e12:.3f} TFLOP")
    if not GPU:
        with torch.inference_mode():
            for name, plan in (("each once", None), ("pairs", PAIRS), ("kept", KEPT)):
                wrong = (split(plan, dtype=torch.float32)(SMALL) - EXACT).abs().max()
                say(f"split, {name}, fp32: {wrong:.1e} from the network")
                assert wrong < 1e-5
    measure("plain fp32", plain_fp32, search=False)
    measure("split, Triton sums", split, search=False)
    measure("split, Triton sums, search", split, search=True)
    measure("split, Triton sums, search, graph", partial(graphed, split), search=True)
    kernels("split, Triton sums, search", split, search=True)
    tune()
    if GPU:
        measure("fused", fused, search=True)
        measure("fused, graph", partial(graphed, fused), search=True)
    kernels("fused", fused, search=True)
    measure("split pairs, Triton sums, search", partial(split, PAIRS), search=True)
    measure("split kept, Triton sums, search", partial(split, KEPT), search=True)
    measure("split, PyTorch's sums, search", lambda: partial(by_torch, split()), search=True)
    around()
    for rows in (20,) if chosen.tiny else (96, 256):
        measure(
            f"split bands {rows}, graph, search",
            partial(graphed, lambda rows=rows: partial(by_bands, split(), rows)),
            search=True,
        )
    measure("today's mixed_forward", current, search=False)
    measure("today's mixed_forward, search", current, search=True)
    if GPU:
        measure("split, torch.compile, search", compiled, search=True)
    for taken, name in sorted(RESULTS):
        say(f"{taken:8.2f} ms  {name}")


if __name__ == "__main__":
    main()
