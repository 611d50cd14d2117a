"""Training crops of a store's patches."""

from collections.abc import Sequence

import numpy as np
import torch
from torch.utils.data import Dataset

from twostage_hdr.data.store.store_source import PackedTriples, StoreSource
from twostage_hdr.data.triple import Triple
from twostage_hdr.data.window import Window

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
        packed = self.packed([key])
        ldr, reference8, reference16 = (images[0] for images in packed.unpack()[:3])
        return Triple(ldr, reference8, reference16, packed.scene[0], packed.scale[0])

    def __getitems__(self, keys: Sequence[tuple[int, int]]) -> Triple:
        """A whole batch, channels-last; the DataLoader calls this instead of collating samples."""
        return self.packed(keys).unpack()

    def packed(self, keys: Sequence[tuple[int, int]]) -> PackedTriples:
        """A batch of the store's own integers."""
        shape = (len(keys), self.crop_size, self.crop_size, 3)
        reference, frames, stops = np.empty(shape, np.uint16), [], []
        units, scales, scenes = np.empty(len(keys), np.float32), np.empty(len(keys), np.float32), []
        for place, (epoch, index) in enumerate(keys):
            rng = np.random.default_rng([self.seed, _CROP, epoch, index])
            number = index % len(self.source.stored)
            window = Window(self.source.stored.side, self.crop_size, crop_at=(rng.random(), rng.random()))
            crop = self.source.crop(number, rng, window)
            down, right = (-1 if self.flips and rng.random() < 0.5 else 1 for _ in range(2))
            frames.append(crop.ldr[..., ::down, ::right, :])
            stops.append(crop.stops)
            reference[place] = crop.reference[::down, ::right]
            units[place], scales[place] = crop.unit, crop.scale
            scenes.append(self.source.stored.scene_of[number])
        return PackedTriples(
            torch.from_numpy(np.stack(frames)),
            torch.from_numpy(reference),
            torch.from_numpy(units),
            tuple(scenes),
            torch.from_numpy(scales),
            None if stops[0] is None else torch.from_numpy(np.stack(stops)),
        )
