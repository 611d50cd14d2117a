"""`twostage-hdr train`: from a config to a trained run."""

import time
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path

import lightning as L
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from lightning.pytorch.accelerators import CPUAccelerator
from lightning.pytorch.loggers import Logger, WandbLogger
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig

from twostage_hdr.boundary.refusal import one_line
from twostage_hdr.cli.outcome import system_trouble
from twostage_hdr.cli.run_directory import RunDirectory
from twostage_hdr.cli.targets import TARGET, check_settings, their_packages, trusted
from twostage_hdr.cli.terminal import Terminal
from twostage_hdr.cli.termination import quiet_lightning
from twostage_hdr.cli.training_report import callbacks_of, device_name, plan, resumption, write_training_report
from twostage_hdr.cli.wandb_run import log_config, log_weights, own_wandb_run, wandb_arguments, where_to_look
from twostage_hdr.data.datamodule import TripleDataModule
from twostage_hdr.data.splits import write_splits
from twostage_hdr.errors import InputError
from twostage_hdr.inference.network_description import check_rebuilt
from twostage_hdr.inference.weights import load_weights
from twostage_hdr.training.callbacks.checkpoint_file import newest_whole
from twostage_hdr.training.callbacks.run_checkpoints import RunCheckpoints
from twostage_hdr.training.callbacks.stop_signals import Stopped, own_process_group
from twostage_hdr.training.reconstruction_module import ReconstructionModule
from twostage_hdr.training.stage_weights import start_from


def train(config: DictConfig) -> float | None:
    """Trains the module that the config describes; resumes where the run's directory left off.

    Returns:
        The best score of the validations, which sweepers that search maximise; None without validation.

    Raises:
        InputError: settings that cannot work, data that cannot be read, or a directory that holds another run.
    """
    run = RunDirectory(Path(HydraConfig.get().runtime.output_dir))
    first = getattr(rank_zero_only, "rank", 0) == 0
    with run.lock() if first else nullcontext():
        return _train(config, run, Terminal(quiet=not first))


def _train(config: DictConfig, run: RunDirectory, console: Terminal) -> float | None:
    check_settings(config)
    run.claim(config)
    if run.finished:
        console.print(f"This run is finished: {run.path}. Nothing to do; give another hydra.run.dir for a new one.")
        return run.score
    quiet_lightning()
    L.seed_everything(config.seed, workers=True, verbose=False)
    data: TripleDataModule = instantiate(config.data)
    write_splits(run.splits, data.splits)
    module: ReconstructionModule = instantiate(config.module)
    trust = [*trusted(config), *sorted(their_packages(config.module))]
    check_rebuilt(module.network, trust)
    # A run that was stopped is resumed by the same command, also if it was begun from another run's checkpoint.
    resume, damage = newest_whole(run.path / "checkpoints")
    console.print(damage, end="\n" if damage else "")
    resume = resume or (Path(config.resume_from) if config.resume_from else None)
    if module.frozen_part and not resume and not config.weights:
        raise InputError(
            "weights", f"not set, but {module.frozen_part} is frozen, so it needs trained weights", "add weights=W"
        )
    if config.weights and not resume:
        copied = start_from(module.network, load_weights(config.weights, trust=trust), config.weights)
        console.print(f"Starting from {config.weights}: {copied}.")
    with own_wandb_run(run):
        trainer = _trainer(config, run)
        console.print(*plan(module, data, trainer), *where_to_look(trainer, run), sep="\n")
        if resume:
            console.print(resumption(resume, trainer.max_epochs))
        started = time.monotonic()
        _fit(trainer, module, data, resume)
        if run.last_checkpoint is None:
            seen = f"is already at the end of its {trainer.max_epochs} epochs, nothing was trained"
            raise InputError(f"resume_from={config.resume_from}", seen, "raise trainer.max_epochs, or give weights=")
        checkpoints = callbacks_of(trainer, RunCheckpoints)[0]
        if trainer.is_global_zero:
            seconds = round(time.monotonic() - started, 1)
            device = device_name(trainer.strategy.root_device)
            facts = {"seconds": seconds, "epochs": trainer.current_epoch, "best": checkpoints.best, "device": device}
            network = load_weights(run.path, trust=trust)
            log_weights(trainer, run, network, facts | checkpoints.scores)
            if config.report:
                write_training_report(run, network, module, data, trainer)
            run.finish(facts | checkpoints.scores)
            page = " and report.html" if config.report else ""
            console.print(f"Finished. Checkpoints, pictures{page} are in {run.path}")
            own = ",".join(sorted(their_packages(config)))
            allowed = f" trust=[{own}]" if own else ""
            console.print(f"Next: twostage-hdr evaluate weights={run.path}{allowed}", markup=False)
    return checkpoints.best


def _fit(trainer: L.Trainer, module: ReconstructionModule, data: TripleDataModule, resume: Path | None) -> None:
    """Runs the training; what ends it early is said in one line, with how to resume."""
    checkpoints = callbacks_of(trainer, RunCheckpoints)[0]
    advice = f"the same command with hydra.run.dir={checkpoints.directory.parent} resumes from checkpoints/last.ckpt"
    try:
        with own_process_group():
            trainer.fit(module, datamodule=data, ckpt_path=resume, weights_only=True)
    except Stopped as stop:
        print(f"Stopped by {stop.signal.name} in epoch {trainer.current_epoch + 1}; {advice}.")
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RuntimeError) as error:
        if checkpoints.signals.received is None or not isinstance(error, RuntimeError):
            if resume is None or checkpoints.begun or isinstance(error, InputError) or system_trouble(error):
                raise
            seen = f"this run cannot resume from it ({one_line(error)})"
            raise InputError(resume, seen, f"weights={resume} takes its weights alone") from error
        stopped = Stopped(checkpoints.signals.received)  # the signal ended the loader's processes before this one
        print(f"Stopped by {stopped.signal.name} in the middle of a batch; {advice}.")
        raise stopped from None


def _trainer(config: DictConfig, run: RunDirectory) -> L.Trainer:
    """The Trainer; callbacks that are null, or of which a recipe only adjusts a setting, are not there."""
    callbacks = [instantiate(callback) for callback in config.callbacks.values() if callback and TARGET in callback]
    loggers: list[Logger] = []
    for logger in config.logger.values():
        of_wandb = logger._target_.endswith("WandbLogger")
        if of_wandb and find_spec("wandb") is None:
            print("wandb is not installed: curves go to metrics/ and report.html alone (pip install wandb).")
            continue
        loggers.append(instantiate(logger, **(wandb_arguments(run, logger) if of_wandb else {})))
    trainer: L.Trainer = instantiate(config.trainer, callbacks=callbacks, logger=loggers)
    on_cpus = isinstance(trainer.accelerator, CPUAccelerator) and trainer.world_size > 1
    if config.trainer.get("sync_batchnorm") and on_cpus:
        raise InputError("trainer.sync_batchnorm=true", "needs GPUs", "leave it out, as trainer=ddp_cpu does")
    for logger in loggers:
        if isinstance(logger, WandbLogger):
            # Lightning always gives it, and wandb, which dropped it, warns of it on every run.
            logger._wandb_init.pop("anonymous", None)
            log_config(logger, config)
    return trainer
