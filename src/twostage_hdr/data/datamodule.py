"""One DataModule for every source of triples."""

import os
from collections import Counter
from collections.abc import Callable
from typing import Any

import lightning as L
import torch
from torch.utils.data import DataLoader, Dataset

from twostage_hdr.data.loader import ResumableLoader, leave_signals_to_main_process
from twostage_hdr.data.patches import EpochSampler, FixedCameraImages, PatchDataset
from twostage_hdr.data.scene import Scene, Source
from twostage_hdr.data.splits import made_or_read
from twostage_hdr.data.triple import Triple
from twostage_hdr.errors import InputError

ALL = "all"
"""Every scene, whatever the sets: for data that only score."""

MOST_WORKERS = 16
"""Loader processes that null takes at most: each holds a cache of its own."""


class TripleDataModule(L.LightningDataModule):
    """Training crops, and whole images with fixed cameras for validation and test.

    Args:
        source: makes the triples.
        root: where the source reads (None: it reads nothing). Held here for the record; sources get it themselves.
        batch_size: training crops per process and step.
        patch_size: side of the patches in px.
        crop_size: side of the random crops of them in px.
        patches_per_epoch: the length of an epoch, whatever the source.
        flips: mirror crops at random.
        fresh_patches: draw new patches every epoch instead of keeping one set.
        zoom: largest downscaling of a crop (1: none), for sources of linear images.
        val_fraction: share of the scenes, in whole groups, that validate.
        test_fraction: the same for the test.
        split_file: JSON of `write_splits` that replaces the random split.
        balanced: draw scenes of rare kinds more often: a kind's share is as the root of its number of scenes. The
            source must know the kinds.
        workers: loader processes; None for one a core (and GPU) where there is CUDA, else none.
        collate: makes a batch of samples; None: torch's own way.
        seed: of splits, patches, crops and fixed cameras.

    Raises:
        InputError: sizes or counts that cannot work, or splits that leak.
    """

    def __init__(
        self,
        *,
        source: Source,
        root: str | None = None,
        batch_size: int = 8,
        patch_size: int = 256,
        crop_size: int = 128,
        patches_per_epoch: int = 7551,
        flips: bool = False,
        fresh_patches: bool = False,
        zoom: float = 1.0,
        val_fraction: float = 0.1,
        test_fraction: float = 0.2,
        split_file: str | None = None,
        balanced: bool = False,
        workers: int | None = 0,
        collate: Callable[[Any], Any] | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        for name, value in (("batch_size", batch_size), ("crop_size", crop_size), ("zoom", zoom)):
            if value < 1:
                raise InputError(f"data.{name}={value}", "must be at least 1", "raise it")
        if seed < 0:
            raise InputError(f"data.seed={seed}", "below 0", "give a seed of 0 or more")
        if workers is None:
            workers = _workers_for_cuda()
        if workers < 0:
            raise InputError(f"data.workers={workers}", "give a number of processes, 0 for none beside the main one")
        if crop_size > patch_size:
            raise InputError(
                f"data.crop_size={crop_size}", f"larger than data.patch_size={patch_size}", "crops lie in patches"
            )
        if patches_per_epoch < batch_size:
            seen = f"less than one batch of {batch_size}"
            raise InputError(f"data.patches_per_epoch={patches_per_epoch}", seen, "raise it or lower data.batch_size")
        self.source, self.root, self.batch_size = source, root, batch_size
        self.patch_size, self.crop_size, self.patches_per_epoch = patch_size, crop_size, patches_per_epoch
        self.flips, self.fresh_patches, self.zoom = flips, fresh_patches, zoom
        self.workers, self.seed, self.balanced, self.collate = workers, seed, balanced, collate
        scenes = source.scenes()
        self.splits = made_or_read(
            scenes, split_file=split_file, seed=seed, val_fraction=val_fraction, test_fraction=test_fraction
        )
        self._scene = {scene.id: scene for scene in scenes}

    def part(self, name: str) -> list[Scene]:
        """The scenes of `train`, `val` or `test`, or `all`."""
        if name == ALL:
            return list(self._scene.values())
        return [self._scene[scene_id] for scene_id in getattr(self.splits, name)]

    def frozen(self, name: str) -> FixedCameraImages:
        """Whole images of a set with fixed cameras."""
        return FixedCameraImages(self.source, self.part(name), seed=self.seed)

    def training_set(self) -> Dataset[Triple]:
        """The crops of one epoch; a sample's key is (epoch, index)."""
        return PatchDataset(
            self.source,
            self.part("train"),
            count=self.patches_per_epoch,
            patch_size=self.patch_size,
            crop_size=self.crop_size,
            flips=self.flips,
            fresh=self.fresh_patches,
            zoom=self.zoom,
            seed=self.seed,
            shares=self._shares() if self.balanced else None,
        )

    def _shares(self) -> list[float]:
        """Sampling probabilities of the training scenes."""
        kind = getattr(self.source, "kind", None)
        if kind is None:
            seen = f"a {type(self.source).__name__} knows no kinds of scenes"
            raise InputError("data.balanced=true", seen, "leave it out")
        kinds = [kind(scene) for scene in self.part("train")]
        weights = [Counter(kinds)[each] ** -0.5 for each in kinds]
        return [weight / sum(weights) for weight in weights]

    def train_dataloader(self) -> DataLoader[Triple]:
        """Random crops, in an order that depends only on seed and epoch; the last, incomplete batch is left out.

        Raises:
            InputError: an epoch that has no batch for each of several processes.
        """
        rank, processes = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        if self.patches_per_epoch // processes < self.batch_size:
            raise InputError(
                f"data.patches_per_epoch={self.patches_per_epoch}",
                f"less than one batch of {self.batch_size} for each of {processes} processes",
                "raise it or lower data.batch_size",
            )
        sampler = EpochSampler(count=self.patches_per_epoch, seed=self.seed, rank=rank, processes=processes)
        loader = ResumableLoader(
            self.training_set(),
            sampler=sampler,
            batch_size=self.batch_size,
            drop_last=True,
            num_workers=self.workers,
            persistent_workers=self.workers > 0,
            pin_memory=torch.cuda.is_available(),
            worker_init_fn=leave_signals_to_main_process,
            generator=torch.Generator(),  # otherwise each epoch would draw from the global one
            collate_fn=self.collate,
        )
        if self.trainer:
            epoch_loop = self.trainer.fit_loop.epoch_loop
            loader.trained = lambda: int(epoch_loop.batch_progress.state_dict()["current"]["processed"])
        return loader

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        """Lays frames out as the networks have their weights, channels last; stacks of exposures stay as they are."""
        if not isinstance(batch, Triple) or batch.ldr.ndim != 4:
            return batch
        return batch._replace(ldr=batch.ldr.contiguous(memory_format=torch.channels_last))

    def val_dataloader(self) -> DataLoader[Triple]:
        """Whole validation images, one at a time, since their sizes differ."""
        return self._whole_images("val")

    def test_dataloader(self) -> DataLoader[Triple]:
        """Whole test images, one at a time."""
        return self._whole_images("test")

    def _whole_images(self, part: str) -> DataLoader[Triple]:
        return DataLoader(
            self.frozen(part),
            batch_size=1,
            num_workers=min(self.workers, 1),
            worker_init_fn=leave_signals_to_main_process,
            generator=torch.Generator(),
        )


def _workers_for_cuda() -> int:
    """As many loader processes as each GPU has cores; a run on the CPU computes with them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    gpus = torch.cuda.device_count()
    return min(cores // gpus, MOST_WORKERS) if gpus else 0
