"""The DataModule of a prepared store."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch.utils.data import Dataset

from twostage_hdr.data.datamodule import TripleDataModule
from twostage_hdr.data.splits import read_splits
from twostage_hdr.data.store.layout import PARTS
from twostage_hdr.data.store.store_source import Crop, StoreSource, batch_of, sample_of
from twostage_hdr.data.triple import Triple
from twostage_hdr.data.window import Window
from twostage_hdr.errors import InputError

_CROP = 20
"""Random stream of crops, exposures and flips, apart from those of patches and orders."""


class StoredPatches(Dataset[Triple]):
    """Every stored patch once per epoch, through a new random crop (and, if asked for, exposure) each time.

    A sample is a pure function of (seed, epoch, index), see `PatchDataset`. Crops are copied from the maps straight
    into the batch.

    Args:
        source: the store.
        count: samples per epoch; beyond the number of patches they come round again, with other crops.
        crop_size: side of the crops in px.
        flips: mirror crops left-right and top-down at random.
        seed: of everything random here.
    """

    def __init__(self, source: StoreSource, *, count: int, crop_size: int, flips: bool, seed: int) -> None:
        self.source, self.count, self.crop_size, self.flips, self.seed = source, count, crop_size, flips, seed

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, key: tuple[int, int]) -> Triple:
        return sample_of(self.crop(key))

    def __getitems__(self, keys: Sequence[tuple[int, int]]) -> Triple:
        """A whole batch, channels-last; the DataLoader calls this instead of collating samples."""
        return batch_of([self.crop(key) for key in keys])

    def crop(self, key: tuple[int, int]) -> Crop:
        """The store's own integers of one sample."""
        epoch, index = key
        rng = np.random.default_rng([self.seed, _CROP, epoch, index])
        window = Window(self.source.stored.side, self.crop_size, crop_at=(rng.random(), rng.random()))
        crop = self.source.crop("train", index % len(self.source.stored), rng, window)
        down, right = (-1 if self.flips and rng.random() < 0.5 else 1 for _ in range(2))
        return crop._replace(ldr=crop.ldr[..., ::down, ::right, :], reference=crop.reference[::down, ::right])


class StoreDataModule(TripleDataModule):
    """Crops of the store's patches, and its frozen sets for validation and test.

    Args:
        source: the store.
        root: its folder, for the record.
        batch_size: training crops per process and step.
        patch_size: None, or the store's own, as a check.
        crop_size: side of the random crops in px.
        patches_per_epoch: None for each patch once.
        flips: mirror crops at random.
        fresh_patches: a store's patches are fixed, so only False will do.
        zoom: it was chosen when the store was made, so only 1 will do.
        split_file: None, or a file that holds the store's own sets.
        workers: loader processes, see `TripleDataModule`.
        seed: of order, crops, flips and random exposures.

    Raises:
        InputError: a setting that contradicts the store.
    """

    source: StoreSource

    def __init__(
        self,
        *,
        source: StoreSource,
        root: str | None = None,
        batch_size: int = 8,
        patch_size: int | None = None,
        crop_size: int = 128,
        patches_per_epoch: int | None = None,
        flips: bool = False,
        fresh_patches: bool = False,
        zoom: float = 1.0,
        split_file: str | None = None,
        workers: int | None = 0,
        seed: int = 0,
    ) -> None:
        stored = source.stored
        if patch_size not in (None, stored.side):
            raise InputError(f"data.patch_size={patch_size}", f"the store's patches have {stored.side} px", "give null")
        if fresh_patches or zoom != 1:
            raise InputError(
                f"data.fresh_patches={fresh_patches}, data.zoom={zoom}",
                "a store's patches were drawn when it was made",
                "give fresh_patches=false zoom=1.0, and prepare with zoom=... or more patches instead",
            )
        listed = stored.splits if split_file is None else read_splits(Path(split_file))
        if any(sorted(getattr(listed, name)) != sorted(getattr(stored.splits, name)) for name in PARTS):
            raise InputError(split_file, "not the sets that the store was made with", "leave data.split_file out")
        super().__init__(
            source=source,
            root=root,
            batch_size=batch_size,
            patch_size=stored.side,
            crop_size=crop_size,
            patches_per_epoch=len(stored) if patches_per_epoch is None else patches_per_epoch,
            flips=flips,
            workers=workers,
            collate=_as_it_is,
            seed=seed,
        )
        self.splits = stored.splits

    def training_set(self) -> Dataset[Triple]:
        """Every patch once per epoch; it yields whole batches, channels last."""
        return StoredPatches(
            self.source, count=self.patches_per_epoch, crop_size=self.crop_size, flips=self.flips, seed=self.seed
        )


def _as_it_is(batch: Triple) -> Triple:
    """`StoredPatches` gives whole batches."""
    return batch
