"""The command of a table: train every row for one budget, score each training once, keep the figures, go on later."""

import argparse
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from experiments.comparison import measure
from experiments.comparison.assemble import Assembly
from experiments.comparison.budget import Budget
from experiments.comparison.grow import Grower
from experiments.comparison.rates import chosen_rates
from experiments.comparison.row import Row, chosen
from experiments.comparison.training import Plan, refuse_uncommitted
from twostage_hdr.cli.hydra_command import config_directory
from twostage_hdr.data.datamodule import TripleDataModule
from twostage_hdr.data.splits import write_splits
from twostage_hdr.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table's rows and its defaults.

    Attributes:
        results: the default folder of its results.
        rows: to train.
        reference: name of the row that the others are compared with.
        camera: of an `hdr_folder`.
        hdm: settings of `data=hdm`.
        seeds: how many trainings of each row.
        crop: side of the crops in px.
        operators: whether the expansion operators are compared with.
        absent: title -> why there is no row.
        overlay: what all rows share, in words.
        rates: factors of a row's own learning rate that are tried first; empty takes it as it is.
    """

    results: Path
    rows: tuple[Row, ...]
    reference: str
    camera: str
    hdm: tuple[str, ...] = ()
    seeds: int = 5
    crop: int = 64
    operators: bool = False
    absent: Mapping[str, str] = field(default_factory=dict)
    overlay: str = ""
    rates: tuple[float, ...] = ()


def parser(table: Table, description: str) -> argparse.ArgumentParser:
    """The options of a table's command."""
    options = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = options.add_argument
    add("--root", required=True, help="folder of HDR images, or of HdM")
    add("--work", type=Path, required=True, help="folder for runs and pictures; the same again resumes")
    add("--data", default="hdr_folder", choices=("hdr_folder", "hdm"))
    add("--camera", default=table.camera, help="of an hdr_folder: gamma, random, bracketed, clean")
    add("--splits", type=Path, help="JSON of places; without it they are dealt with seed 0")
    add("--updates", type=int, default=2000, help="of each network")
    add("--further", type=int, default=500, help="updates of rows that start from a trained one")
    add("--minutes", type=float, help="processor minutes of each network instead, turned into updates by measuring")
    add("--batch", type=int, default=8)
    add("--crop", type=int, default=table.crop, help="px")
    add("--validations", type=int, default=4, help="evenly spread; the best is scored, all are in the curves")
    add("--seeds", type=int, default=table.seeds, help="trainings of each row")
    add("--rows", nargs="+", metavar="NAME", help=f"only these now: {', '.join(row.name for row in table.rows)}")
    add("--jobs", type=int, default=1, help="trainings side by side, and rows that are scored side by side")
    add("--together", action="store_true", help="all seeds at once, for many cores; else the table after each seed")
    add("--train-only", action="store_true", help="score nothing; the same command without this option does it later")
    add("--threads", type=int, default=1, help="of each training")
    add("--trainer", default="cpu", choices=("cpu", "cpu_bf16", "gpu"), help="of all rows; it decides their precision")
    add("--networks", nargs="+", default=[], metavar="TITLE=WEIGHTS", help="more weights to score")
    add("--pictures", type=int, default=2, help="images in the page WORK/scores/NAME/report.html")
    add("--score", nargs="+", default=[], metavar="KEY=VALUE", help="further settings of the scoring, e.g. limit=26")
    add("--measure", action="store_true", help="only measure seconds per update, and show what the plan will take")
    add("--set", nargs="+", default=[], metavar="KEY=VALUE", help="further settings of every training")
    add("--uncommitted", action="store_true", help="allow sources with changes; the results say so")
    add("--results", type=Path, default=table.results, help="a folder for each budget: finished trainings stay there")
    return options


def main(table: Table, description: str) -> None:
    """The command itself: whatever ends it, its trainings end with it, saved."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    run(table, description)


def run(table: Table, description: str, arguments: Sequence[str] | None = None) -> None:
    """Does what the command line asks for; a mistake ends it with one line."""
    options = parser(table, description).parse_args(arguments)
    try:
        _run(table, options)
    except (InputError, ValueError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("interrupted; the same command resumes")


def _run(table: Table, options: argparse.Namespace) -> None:
    if not (options.uncommitted or options.measure):
        refuse_uncommitted()
    networks = dict(_pair(text) for text in options.networks)
    rows = chosen(table.rows, options.rows)
    budgets = _budgets(table.rows if options.minutes is None else rows, options)
    if options.measure:
        return
    plan = Plan(
        work=options.work,
        data=_data(table, options),
        budgets=budgets,
        trainer=options.trainer,
        more=tuple(options.set),
    )
    assembly = Assembly(
        rows=table.rows,
        seeds=options.seeds,
        reference=table.reference,
        budgets=budgets,
        absent=table.absent,
        overlay=table.overlay,
    )
    grower = Grower(
        plan=plan,
        assembly=assembly,
        results=options.results,
        root=options.root,
        networks=networks,
        score=(f"pictures={options.pictures}", *options.score),
        operators=table.operators,
        at_once=options.jobs,
        threads=options.threads,
        together=options.together,
        train_only=options.train_only,
    )
    if table.rates:
        rates = chosen_rates(plan, rows, table.rates, options.results, at_once=options.jobs, threads=options.threads)
        rows = [row.at_rate(rates[row.name].rate) if row.name in rates else row for row in rows]
        grower = replace(grower, variants={name: one.variant for name, one in rates.items()})
    grower.grow(rows)
    if options.train_only:
        return print(f"Trained; the same command without --train-only scores what is in {options.work / 'runs'}")
    print(f"Results in {options.results}, pages with pictures in {options.work / 'scores'}")


def _budgets(rows: Sequence[Row], options: argparse.Namespace) -> dict[str, Budget]:
    """By row. In minutes they depend on the figures in the work folder, so that a run that resumes keeps its own."""
    one = Budget(updates=options.updates, batch=options.batch, crop=options.crop, validations=options.validations)
    if options.minutes is None and not options.measure:
        further = replace(one, updates=options.further)
        return {row.name: further if row.further else one for row in rows}
    seconds = measure.measured(rows, one, options.work / measure.FILE)
    budgets = {
        row.name: one if options.minutes is None else one.within(options.minutes, seconds[row.name]) for row in rows
    }
    print(measure.plan_text(seconds, budgets, seeds=options.seeds, at_once=options.jobs))
    return budgets


def _data(table: Table, options: argparse.Namespace) -> tuple[str, ...]:
    """The settings of the data, with one split for all rows and seeds, which is kept in the work folder."""
    options.work.mkdir(parents=True, exist_ok=True)
    settings = [f"data={options.data}", f"data.root={options.root}"]
    settings += [f"camera={options.camera}"] if options.data == "hdr_folder" else table.hdm
    splits = options.work / "splits.json"
    if options.splits and not splits.is_file():
        shutil.copyfile(options.splits, splits)
    elif not splits.is_file():
        with initialize_config_dir(version_base="1.3", config_dir=str(config_directory())):
            config = compose("train", overrides=["run_dir=.", *settings])
        data: TripleDataModule = instantiate(config.data)
        if data.splits.shared:
            raise InputError(options.root, "too few places for held-out ones", "give more images, or --splits")
        write_splits(splits, data.splits)
    return (*settings, f"data.split_file={splits}")


def _pair(text: str) -> tuple[str, str]:
    title, equals, weights = text.partition("=")
    if not (title and equals and weights):
        raise ValueError(f"--networks {text!r}: give TITLE=WEIGHTS")
    return title, weights
