"""Training crops: a map from (epoch, index) to a triple, and the order in which an epoch visits them."""

import zlib
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch.utils.data import Dataset, Sampler

from twostage_hdr.data.scene import Scene, Source
from twostage_hdr.data.triple import Triple
from twostage_hdr.data.window import Window

_PATCH, _CROP, _ORDER, _FROZEN = range(4)
"""Independent random streams of one seed."""


class PatchDataset(Dataset[Triple]):
    """`patches_per_epoch` random patches, each seen through a random crop.

    A sample is a pure function of (seed, epoch, index), so worker processes have no state, and a run that continues in
    the middle of an epoch sees what the uninterrupted one would have seen.

    Args:
        source: makes the triples.
        scenes: the scenes to draw from.
        count: patches per epoch.
        patch_size: side of a patch in px.
        crop_size: side of the random crop of it in px.
        flips: mirror crops left-right and top-down at random.
        fresh: draw new patches (place, exposure, camera) every epoch; False keeps one set of patches, as published,
            and draws only the crops anew. Place, exposure, response, noise level and JPEG quality are then the patch's;
            the noise's pattern and JPEG's blocks lie on the crop and move with it, where the published patches, cut
            from finished frames, keep theirs. (HdM's frames are finished, and a store's patches: there nothing moves.)
        shares: how often each scene is drawn, summing to 1; None for all alike.
        zoom: largest side of the image region behind a crop, as a multiple of `crop_size` (log-uniform from 1).
        seed: of everything random here.
    """

    def __init__(
        self,
        source: Source,
        scenes: Sequence[Scene],
        *,
        count: int,
        patch_size: int,
        crop_size: int,
        flips: bool,
        fresh: bool,
        zoom: float,
        seed: int,
        shares: Sequence[float] | None = None,
    ) -> None:
        self.source, self.scenes, self.count = source, list(scenes), count
        self.patch_size, self.crop_size = patch_size, crop_size
        self.flips, self.fresh, self.zoom, self.seed = flips, fresh, zoom, seed
        self.shares = None if shares is None else np.asarray(shares, dtype=np.float64)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, key: tuple[int, int]) -> Triple:
        epoch, index = key
        patch_rng = np.random.default_rng([self.seed, _PATCH, epoch if self.fresh else 0, index])
        crop_rng = np.random.default_rng([self.seed, _CROP, epoch, index])
        count = len(self.scenes)
        place = patch_rng.integers(count) if self.shares is None else patch_rng.choice(count, p=self.shares)
        scene = self.scenes[place]
        window = Window(
            self.patch_size,
            self.crop_size,
            patch_at=(patch_rng.random(), patch_rng.random()),
            crop_at=(crop_rng.random(), crop_rng.random()),
            zoom=self.zoom ** crop_rng.random(),
        )
        triple = self.source.triple(scene, patch_rng, window)
        return _flip(triple, crop_rng) if self.flips else triple


class FixedCameraImages(Dataset[Triple]):
    """Whole images for validation and test; exposure, camera and noise depend only on the scene's id and the seed.

    Args:
        source: makes the triples.
        scenes: one item each.
        seed: of the cameras.
    """

    def __init__(self, source: Source, scenes: Sequence[Scene], *, seed: int) -> None:
        self.source, self.scenes, self.seed = source, list(scenes), seed

    def __len__(self) -> int:
        return len(self.scenes)

    def __getitem__(self, index: int) -> Triple:
        scene = self.scenes[index]
        rng = np.random.default_rng([self.seed, _FROZEN, zlib.crc32(scene.id.encode())])
        return self.source.triple(scene, rng, None)


class EpochSampler(Sampler[tuple[int, int]]):
    """The keys (epoch, index) of one process's share of an epoch, in an order drawn from (seed, epoch).

    Every process takes each `processes`-th key, so that the union over processes of their k-th batches is the k-th
    batch of a single process with the same global batch size.

    Args:
        count: samples per epoch over all processes.
        seed: of the order.
        rank: this process.
        processes: how many there are.
    """

    def __init__(self, *, count: int, seed: int, rank: int = 0, processes: int = 1) -> None:
        self.count, self.seed, self.rank, self.processes = count, seed, rank, processes
        self.epoch = 0
        self.skip = 0  # keys of the coming epoch that an interrupted run has already seen

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.count // self.processes

    def __iter__(self) -> Iterator[tuple[int, int]]:
        order = np.random.default_rng([self.seed, _ORDER, self.epoch]).permutation(self.count)
        mine = order[self.rank :: self.processes][: len(self)]
        for index in mine[self.skip :]:
            yield self.epoch, int(index)


def _flip(triple: Triple, rng: np.random.Generator) -> Triple:
    axes = [axis for axis, turned in ((-1, rng.random() < 0.5), (-2, rng.random() < 0.5)) if turned]
    if not axes:
        return triple
    ldr, reference8, reference16 = (torch.flip(image, axes) for image in triple[:3])
    return Triple(ldr, reference8, reference16, triple.scene, triple.scale)
