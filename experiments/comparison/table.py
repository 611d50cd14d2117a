"""The command of a table: train every row for one budget, score them together, keep the figures."""

import argparse
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from experiments.comparison import measure, scoring
from experiments.comparison.budget import Budget
from experiments.comparison.render import render_table
from experiments.comparison.row import Row, Training, chosen
from experiments.comparison.training import Plan, train
from twostage_hdr.cli.hydra_verb import config_directory
from twostage_hdr.data.datamodule import TripleDataModule
from twostage_hdr.data.splits import write_splits
from twostage_hdr.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table's rows and its defaults.

    Attributes:
        folder: of the experiment; its `results` are the default target.
        rows: to train.
        camera: of an `hdr_folder`.
        hdm: settings of `data=hdm`.
        seeds: how many trainings of each row.
        operators: whether the expansion operators are compared with.
        absent: title -> why there is no row.
    """

    folder: Path
    rows: tuple[Row, ...]
    camera: str
    hdm: tuple[str, ...] = ()
    seeds: int = 1
    operators: bool = False
    absent: Mapping[str, str] = field(default_factory=dict)


def parser(table: Table, description: str) -> argparse.ArgumentParser:
    """The options of a table's command."""
    options = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = options.add_argument
    add("--root", required=True, help="folder of HDR images, or of HdM")
    add("--work", type=Path, required=True, help="folder for runs and pictures; the same again goes on")
    add("--data", default="hdr_folder", choices=("hdr_folder", "hdm"))
    add("--camera", default=table.camera, help="of an hdr_folder: gamma, random, bracketed, clean")
    add("--splits", type=Path, help="JSON of places; without it they are dealt with seed 0")
    add("--updates", type=int, default=2000, help="of each network")
    add("--minutes", type=float, help="processor minutes of each network instead, turned into updates by measuring")
    add("--batch", type=int, default=8)
    add("--crop", type=int, default=64, help="px")
    add("--validations", type=int, default=1, help="the best of so many is scored")
    add("--seeds", type=int, default=table.seeds, help="trainings of each row")
    add("--rows", nargs="+", metavar="NAME", help=f"only these: {', '.join(row.name for row in table.rows)}")
    add("--jobs", type=int, default=1, help="trainings side by side")
    add("--threads", type=int, default=1, help="of each training")
    add("--networks", nargs="+", default=[], metavar="TITLE=WEIGHTS", help="more weights to score")
    add("--pictures", type=int, default=2, help="images in the page WORK/evaluation/report.html")
    add(
        "--score",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help="further settings of the scoring, e.g. cvvdp=PROGRAM",
    )
    add("--measure", action="store_true", help="only measure seconds per update, and show what the plan will take")
    add("--set", nargs="+", default=[], metavar="KEY=VALUE", help="further settings of every training")
    add("--results", type=Path, default=table.folder / "results")
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
        sys.exit("interrupted; the same command goes on")


def _run(table: Table, options: argparse.Namespace) -> None:
    rows = chosen(table.rows, options.rows)
    networks = dict(_pair(text) for text in options.networks)
    budgets = _budgets(rows, options)
    if options.measure:
        return
    plan = Plan(work=options.work, data=_data(table, options), budgets=budgets, more=tuple(options.set))
    trainings = [Training(row, seed) for row in rows for seed in range(options.seeds)]
    failed = train(plan, trainings, at_once=options.jobs, threads=options.threads)
    if failed:
        told = "; ".join(f"{name}: {why}" for name, why in failed.items())
        raise InputError(f"{len(failed)} of {len(trainings)} trainings failed ({told}); the same command tries again")
    settings = [f"operators={str(table.operators).lower()}", f"pictures={options.pictures}", *options.score]
    results = scoring.score(plan, trainings, networks, settings)
    rows_of_table = scoring.merged(results, trainings, table.absent)
    scoring.keep(results, rows_of_table, plan, trainings, options.root, options.results)
    render_table(options.results)
    print(f"Results in {options.results}, page with pictures {options.work / 'evaluation' / 'report.html'}")


def _budgets(rows: Sequence[Row], options: argparse.Namespace) -> dict[str, Budget]:
    """By row. In minutes they hang on the figures in the work folder, so that a run that goes on keeps its own."""
    one = Budget(updates=options.updates, batch=options.batch, crop=options.crop, validations=options.validations)
    if options.minutes is None and not options.measure:
        return {row.name: one for row in rows}
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
