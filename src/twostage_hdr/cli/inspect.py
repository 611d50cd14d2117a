"""`twostage-hdr inspect`: a look at the data before they are trained on."""

import os
from functools import partial
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig
from rich.table import Table
from rich.text import Text

from twostage_hdr.cli.terminal import Terminal, counted
from twostage_hdr.data.inspection.finding import Inspectable, write_exclude_list
from twostage_hdr.data.inspection.inspection import Inspection, inspect_source
from twostage_hdr.data.inspection.page import counts, write_page
from twostage_hdr.data.splits import made_or_read
from twostage_hdr.errors import InputError

HARMFUL_DATA = 1
"""Exit code when something would harm training."""

_MOST_ROWS = 60


def inspect(config: DictConfig) -> None:
    """Prints what was found, writes `inspection.html`, and leaves with 1 if something would harm training.

    Raises:
        InputError: nothing that can be inspected.
        SystemExit: something would harm training.
    """
    console = Terminal(soft_wrap=False)
    out = Path(HydraConfig.get().runtime.output_dir)
    source = instantiate(config.data.source)
    if not isinstance(source, Inspectable):
        raise InputError(type(source).__name__, "cannot be inspected", "check a store with `sha256sum -c SHA256SUMS`")
    out.mkdir(parents=True, exist_ok=True)
    made_by = {name: config.data[name] for name in ("split_file", "val_fraction", "test_fraction")}
    with counted(console, "inspecting") as advance:
        inspection = inspect_source(
            source,
            partial(made_or_read, seed=config.seed, **made_by),
            seed=config.seed,
            patch_size=config.patch_size,
            workers=os.cpu_count() or 1 if config.workers is None else config.workers,
            progress=advance,
        )
    for name, value in counts(inspection).items():
        console.print(f"{name:20} {value}")
    if inspection.findings:
        console.print(_table(inspection))
    write_page(out / "inspection.html", inspection, title=f"Inspection of {config.data.root}", sheets=config.sheets)
    console.print(f"Page      {out / 'inspection.html'}", soft_wrap=True)
    if config.quarantine:
        number = write_exclude_list(out / "exclude.txt", inspection.harmful)
        console.print(f"Excluded  {number} scenes: add data.source.exclude={out / 'exclude.txt'}", soft_wrap=True)
    if inspection.harmful:
        cure = "" if config.quarantine else "; repair them, or quarantine=true writes an exclude list"
        found = Text(f"{len(inspection.harmful)} findings would harm training", "bold red")
        console.print(found + Text(f"{cure}."), soft_wrap=True)
        raise SystemExit(HARMFUL_DATA)
    console.print("Nothing would harm training.")


def _table(inspection: Inspection) -> Table:
    table = Table("", "file", "problem", "cure", box=None, pad_edge=False)
    for finding in inspection.findings[:_MOST_ROWS]:
        weight = Text("harmful", "bold red") if finding.harmful else Text("note")
        table.add_row(weight, finding.file, finding.problem, finding.cure)
    left = len(inspection.findings) - _MOST_ROWS
    if left > 0:
        table.add_row("", f"and {left} more, see the page", "", "")
    return table
