"""Writes the tables of README.md from what was measured.

    python -m experiments.speed.tables

A table stands between a pair of comments, `<!-- training -->` and `<!-- /training -->`.
"""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from twostage_hdr.imaging.atomic import write_text

HERE = Path(__file__).parent
Figures = dict[str, Any]


def training(figures: Figures) -> str:
    rows = [
        (
            way,
            f"{row['seconds']['median']:.2f}",
            f"**{row['seconds']['times_as_fast']:.2f}**",
            f"{row['processor_seconds']['times_as_fast']:.2f}",
        )
        for way, row in figures["rows"].items()
    ]
    head = ("step", "seconds", "times as fast, by the clock", "by processor time")
    about = (
        f"Batch {figures['batch']}, {figures['crop_px']} px, {figures['processor']}, {figures['threads']} threads, "
        f"medians of {figures['rounds']} rounds; torch {figures['torch']}; commit {figures['commit']}."
    )
    return table(head, rows) + f"\n{about}\n"


def inference(figures: Figures) -> str:
    rows = [
        (
            {"plain": "plain forward, float32"}.get(row["way"], f"`reconstruct`, {row['way']}"),
            f"{row['seconds']:.1f}",
            f"**{row['times_as_fast']:.2f}**",
            f"{row['peak_mib']}",
            f"{100 * row['memory_share']:.0f} %",
            f"{100 * row['share_of_peak_executed']:.0f} %",
        )
        for row in figures["figures"]
    ]
    head = ("way", "seconds", "times as fast", "peak memory [MiB]", "of plain", "of the matrix-product peak")
    image, machine, fidelity = figures["image"], figures["machine"], figures["fidelity"]
    differences = ", ".join(f"{one['max_difference']:.1e} in {name}" for name, one in fidelity.items())
    about = (
        f"{image['width']}x{image['height']} photograph, {machine['cpu']}, {machine['cores']} cores, torch "
        f"{machine['torch']}, commit {figures['commit']}. Largest difference of an output from the "
        f"plain network's: {differences}. The last column: operations executed, over the whole time, of what a "
        "product of large matrices reaches in PyTorch (with AVX2 alone where that is MKL on an AMD processor)."
    )
    return table(head, rows) + f"\n{about}\n"


def runtimes(figures: Figures) -> str:
    rows = [
        (
            f"{row['way']}, {row['extent']}",
            row["precision"],
            f"{row['seconds']:.1f}",
            f"**{row.get('seconds_of_ours', 1.0):.2f}**",
            f"{row['processor_seconds']:.1f}",
            f"{row.get('processor_seconds_of_ours', 1.0):.2f}",
            f"{row['peak_mib']}",
            f"{row['max_difference']:.0e}",
            f"{len(row['processor_seconds_of_runs'])}",
        )
        for row in figures["figures"]
    ]
    by_clock, by_processor = ("seconds", "of ours"), ("processor seconds", "of ours")
    head = ("way", "precision", *by_clock, *by_processor, "peak memory [MiB]", "largest difference", "runs")
    image, machine, window = figures["image"], figures["machine"], figures["window"]
    loads = [row["load"] for row in figures["figures"]]
    versions = ", ".join(f"{name} {version}" for name, version in figures["versions"].items())
    about = (
        f"{image['width']}x{image['height']} photograph, {machine['cpu']}, threads: {machine['threads']}, torch "
        f"{machine['torch']}, {versions}, commit {figures['commit']}. Tiles are windows of {window[1]}x{window[0]} px. "
        f"Medians of the runs; the machine's load was {min(loads):.0f} to {max(loads):.0f}. Memory is the process's, "
        "PyTorch's imports included; differences are from PyTorch's float32 output."
    )
    return table(head, rows) + f"\n{about}\n"


def int8(figures: Figures) -> str:
    rows = [(way, f"{seconds:.2f}") for way, seconds in figures["seconds"].items()]
    machine, loss = figures["machine"], figures["psnr_of_int8"]
    about = (
        f"One crop of {figures['crop_px']} px, medians of {figures['rounds']} rounds, {machine['cpu']}, "
        f"{machine['cores']} cores, ONNX Runtime {figures['onnxruntime']}. int8 against float32 on "
        f"{figures['test_crops']} crops: {loss['mean']} dB in the mean, {loss['lowest']} dB at worst (peak 1)."
    )
    return table(("way", "seconds"), rows) + f"\n{about}\n"


def feeding(figures: Figures) -> str:
    names = {
        "png": "three PNGs decoded per sample (the published way)",
        "store": "prepared store",
        "camera": "virtual camera on the fly",
    }
    rates = {way: rate["per_core_second"] for way, rate in figures["rates"].items()}
    rows = [(names[way], f"{rate:,.0f}", f"{rate / rates['png']:.1f}") for way, rate in rates.items()]
    head = ("way", "crops per core-second", "times the PNG way")
    waiting, machine = figures["waiting"], figures["machine"]
    waited = 100 * waiting["share_of_steps_that_waited_over_1_ms"]
    needed = 1000 * figures["batch"] / waiting["step_ms"]
    about = (
        f"{figures['crop_px']} px crops in batches of {figures['batch']}, {machine['processor']}, {machine['cores']} "
        f"cores, commit {figures['commit']}.\n\n"
        f"A step of {waiting['step_ms']:.0f} ms needs {needed:.0f} crops a second. {figures['workers']} worker "
        f"processes that fed it from the store on these {machine['cores']} cores let it wait "
        f"{waiting['wait_ms_median']} ms in the median, and over 1 ms in {waited:.0f} % of the steps: with fewer "
        "cores than workers that shows how the system shares its cores. A machine with a core for each worker has not "
        "been measured."
    )
    return table(head, rows) + f"\n{about}\n"


def cuda(figures: Figures) -> str:
    ways = list(dict.fromkeys(way for found in figures["differences"].values() for way in found))
    differences = [
        (f"`{name}`", *(f"{found[way]:.1e}" for way in ways)) for name, found in figures["differences"].items()
    ]
    rows: list[Sequence[str]] = []
    for what, of in (("inference", "of the peak"), ("training", "in kernels")):
        plain = next(iter(figures[what].values()))["seconds"]
        for way, row in figures[what].items():
            share = row.get("share_of_peak", row.get("share_in_kernels"))
            used = "" if share is None else f"{100 * share:.0f} % {of}"
            rows.append((f"{what}: {way}", f"{1000 * row['seconds']:.1f}", f"{plain / row['seconds']:.2f}", used))
    image, loaded = figures["image"], figures["loading"]
    about = (
        f"{image['width']}x{image['height']} photograph; a step of {figures['batch']} crops of "
        f"{figures['crop_px']} px; "
        f"{figures['card']}, torch {figures['torch']}, commit {figures['commit']}.\nShares: of the peak throughput of "
        "matrix products in the same type, by the operations of the plain arithmetic; of the time spent in kernels.\n"
        f"The loader with {loaded['workers']} workers: {loaded['crops_per_second']:.0f} crops a second."
    )
    lines = table(("largest difference from the CPU's float32 output", *ways), differences)
    return f"{lines}\n{table(('what', 'ms', 'times as fast', 'share'), rows)}\n{about}\n"


def memory_training(figures: Figures) -> str:
    rows = [
        (f"{row['batch']} crops of {row['crop_px']} px", f"{row['peak_mib']['cpu']}", f"{row['peak_mib']['cpu_bf16']}")
        for row in figures["rows"]
    ]
    about = (
        f"{figures['imports_mib']} MiB of each are imports. {figures['machine']['cpu']}, torch "
        f"{figures['machine']['torch']}, commit {figures['commit']}."
    )
    return f"{table(('step', 'float32', 'bfloat16'), rows)}\n{about}\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


TABLES: dict[str, Callable[[Figures], str]] = {
    "training": training,
    "memory_training": memory_training,
    "inference": inference,
    "inference_without_bf16": inference,
    "inference_avx2": inference,
    "runtimes": runtimes,
    "runtimes_avx2": runtimes,
    "int8": int8,
    "feeding": feeding,
    "cuda": cuda,
}


def render(text: str) -> str:
    """The README with every table as its data have it."""
    for name, make in TABLES.items():
        figures = json.loads((HERE / "results" / f"{name}.json").read_text(encoding="utf-8"))
        new = f"<!-- {name} -->\n\n{make(figures)}\n<!-- /{name} -->"
        text = re.sub(f"<!-- {name} -->.*<!-- /{name} -->", lambda _, new=new: new, text, flags=re.DOTALL)
    return text


def main() -> None:
    readme = HERE / "README.md"
    text = render(readme.read_text(encoding="utf-8"))
    write_text(readme, text)


if __name__ == "__main__":
    main()
