"""Which data `evaluate` scores on: a run's own, a run's own with changes, or others; always under the run's split."""

from pathlib import Path

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf, open_dict

from twostage_hdr.cli.constructor_schema import TARGET, check_settings
from twostage_hdr.cli.run_directory import RunDirectory
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
    run = RunDirectory(Path(str(config.checkpoint)))
    # A folder may have the name of a shipped set, as the one that `make demo` leaves: then it is not what was meant.
    of_run = run.config() if run.path in find_weights(str(config.checkpoint)).parents else None
    seed = config.seed if config.seed is not None else (of_run.seed if of_run is not None else 0)
    if TARGET not in (config.get("data") or {}):
        if of_run is None:
            raise InputError("data", "must be given, the checkpoint is no run directory", "add data=hdm data.root=PATH")
        settings = _changed(of_run.data, config.get("data"))
        if OmegaConf.select(config, "data.split_file") is None:
            settings.split_file = str(run.splits)
        return instantiate(settings), settings
    with open_dict(config):
        config.seed = seed
    data = instantiate(config.data)
    if of_run is None or config.data.split_file is not None:
        return data, config.data
    return _with_splits_of(run, config, data), config.data


def _changed(of_run: DictConfig, changes: DictConfig | None) -> DictConfig:
    """The run's settings of its data with the changes; a new root goes to the source as well.

    Raises:
        InputError: a setting that these data do not have.
    """
    settings = OmegaConf.create({"data": OmegaConf.to_container(of_run, resolve=True)})
    new = OmegaConf.create({"data": changes or {}})
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
        raise InputError(
            run.path,
            f"{len(known & of_run)} of its scenes are in the data, {len(of_run - known)} are missing",
            "evaluate on all of its data, or on other scenes",
        )
    with open_dict(config):
        config.data.split_file = str(run.splits)
    again: TripleDataModule = instantiate(config.data)
    return again
