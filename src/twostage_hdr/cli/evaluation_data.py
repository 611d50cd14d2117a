"""Which data `evaluate` scores on: a run's own, a run's own with changes, or others; always under the run's split."""

from pathlib import Path

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf, open_dict

from twostage_hdr.boundary.refusal import as_input_error
from twostage_hdr.boundary.trust import make_importable
from twostage_hdr.cli.run_directory import CONFIG, RunDirectory
from twostage_hdr.cli.targets import DATA, TARGET, check_settings, check_targets, their_packages, trusted
from twostage_hdr.data.datamodule import TripleDataModule
from twostage_hdr.data.splits import read_splits
from twostage_hdr.errors import InputError
from twostage_hdr.inference.weights import find_weights

PARTS = ("train", "val", "test")


def build_data(config: DictConfig) -> tuple[TripleDataModule, DictConfig]:
    """The data to score on, and the settings they were built from.

    Without `data=SOURCE` they are the run's own, and single settings `data.NAME=VALUE` change those.

    Raises:
        InputError: neither a run nor data, or data that overlap with the run's without being the same.
    """
    run = RunDirectory(Path(str(config.weights)))
    # A folder may have the name of a shipped set, as the one that `make demo` leaves: then it is not what was meant.
    of_run = run.config() if run.path in find_weights(str(config.weights)).parents else None
    seed = config.seed
    if seed is None:
        seed = 0 if of_run is None else of_run.get("seed")
        if not isinstance(seed, int):
            raise InputError(run.path / CONFIG, f"its seed is {seed!r:.40}", "give one with seed=N")
    if TARGET not in (config.get("data") or {}):
        if of_run is None:
            raise InputError("data", "must be given, the checkpoint is no run directory", "add data=hdm data.root=PATH")
        settings = _changed(run, of_run, config)
        if OmegaConf.select(config, "data.split_file") is None:
            settings.split_file = str(run.splits)
        data = instantiate(settings)
        if not isinstance(data, TripleDataModule):
            raise InputError(run.path / CONFIG, "no settings of data", "take it from the run's source again")
        return data, settings
    with open_dict(config):
        config.seed = seed
    data = instantiate(config.data)
    if of_run is None or config.data.split_file is not None:
        return data, config.data
    return _with_splits_of(run, config, data), config.data


def _changed(run: RunDirectory, of_run: DictConfig, config: DictConfig) -> DictConfig:
    """The run's settings of its data with the command's changes; a new root goes to the source as well."""
    where = run.path / CONFIG
    with as_input_error(where, "take it from the run's source again", "no settings of data"):
        settings = OmegaConf.create({"data": OmegaConf.to_container(of_run.data)})
        check_targets(settings, parts=DATA, trust=trusted(config), where=where)
        for package in their_packages(settings):
            make_importable(package)
    new = OmegaConf.create({"data": config.get("data") or {}})
    root = {"source": {"root": new.data.root}} if "root" in new.data and "root" in settings.data.source else {}
    changed = OmegaConf.merge(settings, {"data": root}, new)
    assert isinstance(changed, DictConfig)
    check_settings(changed)
    data: DictConfig = changed.data
    return data


def _with_splits_of(run: RunDirectory, config: DictConfig, data: TripleDataModule) -> TripleDataModule:
    """The same data under the run's splits if it is what the run was trained on."""
    seen = read_splits(run.splits)
    known = {scene for part in PARTS for scene in getattr(data.splits, part)}
    of_run = {scene for part in PARTS for scene in getattr(seen, part)}
    if not known & of_run:
        return data
    if not of_run <= known:
        seen_in_part = f"{len(known & of_run)} of its scenes are in the data, {len(of_run - known)} are missing"
        raise InputError(run.path, seen_in_part, "evaluate on all of its data, or on other scenes")
    with open_dict(config):
        config.data.split_file = str(run.splits)
    again: TripleDataModule = instantiate(config.data)
    return again
