"""One Weights & Biases run per run of ours: what it is called, where it keeps its files, when it ends."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning as L
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from lightning.pytorch.loggers import WandbLogger
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig, OmegaConf
from torch import nn

import twostage_hdr
from twostage_hdr.cli.run_directory import RunDirectory, commit
from twostage_hdr.inference.network_description import describe_network
from twostage_hdr.inference.weights import save_weights
from twostage_hdr.training.callbacks.stop_signals import Stopped

TAGGED = ("module", "data", "experiment", "ablation")
"""Config groups whose choice becomes a tag `group=choice`."""

TAG_LENGTH = 64
"""Longest tag that wandb takes, characters."""


@contextmanager
def own_wandb_run(run: RunDirectory) -> Iterator[None]:
    """Inside, wandb keeps everything in the run's folder and prints nothing; on leaving, its run ends.

    A process that does several jobs of a sweep would otherwise log all of them into the first one's run.
    """
    # Its default lies in the user's home; and it prints thirty lines at a run's start and end.
    wanted = {"WANDB_DATA_DIR": str(run.path / "wandb"), "WANDB_SILENT": "true"}
    mine = {name: value for name, value in wanted.items() if name not in os.environ}
    os.environ.update(mine)
    code = 1
    try:
        yield
        code = 0
    except Stopped as stop:
        code = int(stop.code or 1)
        if _current() is not None:
            _current().mark_preempting()
        raise
    finally:
        if _current() is not None:
            _current().finish(exit_code=code)
        for name in mine:
            os.environ.pop(name, None)


def wandb_arguments(run: RunDirectory, logger: DictConfig) -> dict[str, Any]:
    """The arguments of `WandbLogger` that depend on the run; what the config says itself is left alone."""
    name, group = run.path.name, None
    if HydraConfig.get().mode == RunMode.MULTIRUN:
        group = Path(HydraConfig.get().sweep.dir).name
        name = f"{group}/{name}"
    tags = [f"{key}={choice}"[:TAG_LENGTH] for key, choice in choices().items() if choice]
    own: dict[str, Any] = {"name": name, "group": group, "tags": tags}
    if getattr(rank_zero_only, "rank", 0) == 0:  # the other processes log nothing, and must not invent another id
        own["id"] = run.wandb_id()
    return {key: value for key, value in own.items() if logger.get(key) is None}


def where_to_look(trainer: L.Trainer, run: RunDirectory) -> list[str]:
    """One line on the run's dashboard, if it has one: its address, or how it gets there."""
    for logger in trainer.loggers:
        if isinstance(logger, WandbLogger):
            later = f"wandb sync {run.path / 'wandb'}/offline-run-* uploads the run"
            return [f"Dashboard: {later if logger._offline else logger.experiment.url}"]
    return []


def choices() -> dict[str, str | None]:
    """What was chosen for the groups that runs are told apart by; None for nothing."""
    chosen = HydraConfig.get().runtime.choices
    return {group: chosen.get(group) if chosen.get(group) not in (None, "null", "none") else None for group in TAGGED}


def log_config(logger: WandbLogger, config: DictConfig) -> None:
    """The whole config, what was chosen, and the sources' state."""
    resolved: Any = OmegaConf.to_container(config, resolve=True)
    about = {
        **{f"chosen_{group}": choice or "none" for group, choice in choices().items()},
        "version": twostage_hdr.__version__,
        "git": {"commit": commit()},
    }
    logger.log_hyperparams(resolved | about)


def log_weights(trainer: L.Trainer, run: RunDirectory, network: nn.Module, facts: Mapping[str, Any]) -> None:
    """The finished run's best weights as an artifact of type `model` with the alias `best` (`last` if none validated).

    The file stays where it is, in the run's folder, until `wandb sync` uploads it.
    """
    loggers = [logger for logger in trainer.loggers if isinstance(logger, WandbLogger)]
    if not loggers:
        return
    import wandb

    alias = "best" if (run.path / "checkpoints" / "best.ckpt").is_file() else "last"
    path = run.path / f"{alias}.safetensors"
    save_weights(path, network)
    known = {key: value for key, value in facts.items() if value is not None}
    for logger in loggers:
        name = f"{choices()['module'] or 'module'}-{logger.version}"
        metadata = {"network": describe_network(network)["network"], **known}
        artifact = wandb.Artifact(name, type="model", metadata=metadata)
        artifact.add_file(str(path), name="weights.safetensors", policy="immutable")
        logger.experiment.log_artifact(artifact, aliases=[alias])
        logger.experiment.summary.update({f"run/{key}": value for key, value in known.items() if "/" not in key})


def _current() -> Any:
    """Wandb's run of this process, if wandb is used at all."""
    return getattr(sys.modules.get("wandb"), "run", None)
