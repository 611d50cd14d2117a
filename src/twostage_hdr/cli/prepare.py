"""`twostage-hdr prepare`: scenes into a patch store."""

import os
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from twostage_hdr.cli.terminal import Terminal, counted
from twostage_hdr.data.datamodule import TripleDataModule
from twostage_hdr.data.hdm import HdmSource
from twostage_hdr.data.hdr_folder import HdrFolderSource
from twostage_hdr.data.pair_source import PairSource
from twostage_hdr.data.procedural_source import ProceduralSource
from twostage_hdr.data.splits import check_leakage
from twostage_hdr.data.store.frames import CameraFrames, HdmFrames, PairFrames, PatchMaker
from twostage_hdr.data.store.plan import StoreSettings, make_plan
from twostage_hdr.data.store.prepare import prepare as write_store
from twostage_hdr.data.store.store_source import StoreSource
from twostage_hdr.errors import InputError

_OF_TRAINING = ("data.patch_size=", "data.crop_size=", "data.patches_per_epoch=", "data.zoom=")
_PLACE_OR_SPEED = ("root", "cache_mb", "exclude", "sequences", "exposure", "align")
"""Settings of a source that do not change what a store holds of a given list of scenes."""


def prepare(config: DictConfig) -> None:
    """Writes the store, or resumes it, or finds it complete.

    Raises:
        InputError: settings that cannot work, scenes that cannot be read, sets that leak.
    """
    console = Terminal()
    for override in HydraConfig.get().overrides.task:
        if override.startswith(_OF_TRAINING):
            raise InputError(override, "is for training", "give patch_size=N; crops are cut when a store is read")
    settings = StoreSettings(
        **{name: config[name] for name in ("patches", "patch_size", "placement", "informative", "zoom", "seed")}
    )
    data: TripleDataModule = instantiate(config.data)
    if isinstance(data.source, StoreSource):
        raise InputError("data=store", "a store is made of scenes", "give data=hdm or data=hdr_folder")
    # Small pictures of scenes that come from files; generated ones cannot be alike.
    pictures = data.source.thumbnails() if hasattr(data.source, "thumbnails") else {}
    check_leakage(data.splits, pictures, where=config.data.split_file or "data splits")
    source: Any = OmegaConf.to_container(config.data.source, resolve=True)
    described = {name: value for name, value in source.items() if name not in _PLACE_OR_SPEED}
    maker, splits = _maker(config, data), data.splits
    plan = make_plan(maker, data.source.scenes(), splits, settings, described)
    console.print(
        f"{len(splits.train)} training, {len(splits.val)} validation, {len(splits.test)} test scenes; "
        f"{plan.patches} patches of {settings.patch_size} px, exposures {', '.join(plan.exposures)}"
    )
    if data.splits.shared:
        console.print("Too few places or sequences for three sets: all three hold the same scenes.")
    out = Path(config.out)
    with counted(console, "preparing") as advance:
        written = write_store(
            maker,
            plan,
            out,
            workers=os.cpu_count() or 1 if config.workers is None else config.workers,
            progress=advance,
        )
    console.print(f"Store     {out}" if written else f"{out}: complete already, nothing to do.")
    console.print(f"Next: twostage-hdr train experiment=paper data=store data.root={out} data.patches_per_epoch=null")


def _maker(config: DictConfig, data: TripleDataModule) -> PatchMaker:
    if isinstance(data.source, HdmSource):
        return HdmFrames(data.source, list(config.exposures))
    if isinstance(data.source, PairSource):
        return PairFrames(data.source, data.source.root)
    assert isinstance(data.source, HdrFolderSource | ProceduralSource)
    return CameraFrames(data.source, None if data.root is None else Path(data.root))
