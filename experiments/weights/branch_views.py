"""Views that the whole-frame branch learns from, photographed once and kept: what short, paired trainings share.

The two stages are frozen and not run in its training, so all that an update needs of a view is its thumbnail and 8,192
of its pixels: 0.7 MB on disk.
"""

import math
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from twostage_hdr.data.patches import PatchDataset
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.triple import Triple
from twostage_hdr.data.view_source import ViewSource
from twostage_hdr.evaluation.saved_results import file_name
from twostage_hdr.imaging.atomic import atomic_path
from twostage_hdr.networks.frame_thumbnail import Thumbnail
from twostage_hdr.training.whole_frame_batch import WholeFrameBatch, whole_frame_batch

BATCH = 8
"""Views in a batch, as `experiment=whole_frame` has them."""
SIDE = 256
"""Of a patch, px: views do not have one, but the dataset asks for it."""

Views = dict[str, Any]
"""The parts of a `WholeFrameBatch`, as they are stored."""


class KeptViews:
    """A folder of views, one file for each image; what is missing is photographed.

    Args:
        folder: created where it is missing.
        source: draws views and cameras.
        count: views of an image.
    """

    def __init__(self, folder: Path, source: ViewSource, count: int) -> None:
        self.folder, self.source, self.count = folder, source, count
        folder.mkdir(parents=True, exist_ok=True)

    def of(self, scene: Scene) -> Views:
        """The views of an image: always the same."""
        self._keep(scene)
        return dict(torch.load(self.path(scene), weights_only=True, mmap=True))

    def keep(self, scenes: Sequence[Scene], processes: int = 1) -> None:
        """Photographs what is missing, in so many processes."""
        missing = [scene for scene in scenes if not self.path(scene).exists()]
        context = get_context("spawn")  # a fork of PyTorch's threads may wait for ever
        with ProcessPoolExecutor(
            processes, mp_context=context, initializer=torch.set_num_threads, initargs=(1,)
        ) as pool:
            list(pool.map(self._keep, missing) if processes > 1 else map(self._keep, missing))

    def path(self, scene: Scene) -> Path:
        """The file of an image's views."""
        return self.folder / f"{file_name(scene.id)}_{self.count}.pt"

    def _keep(self, scene: Scene) -> None:
        if not self.path(scene).exists():
            views = self._photographed(scene)
            with atomic_path(self.path(scene)) as temporary:
                torch.save(views, temporary)

    def _drawn(self, scene: Scene) -> Iterator[Triple]:
        """The photographs themselves."""
        drawn = PatchDataset(
            self.source,
            [scene],
            count=self.count,
            patch_size=SIDE,
            crop_size=SIDE,
            flips=False,
            fresh=True,
            zoom=1.0,
            seed=zlib.crc32(scene.id.encode()),
        )
        return (drawn[0, index] for index in range(self.count))

    def _photographed(self, scene: Scene) -> Views:
        batches = [whole_frame_batch([triple]) for triple in self._drawn(scene)]
        return {
            "cameras": [camera for batch in batches for camera in batch.cameras],
            "cells": torch.cat([batch.seen.cells for batch in batches]).half(),
            "histogram": torch.cat([batch.seen.histogram for batch in batches]),
            "ldr": torch.cat([(batch.ldr * 255).round().byte() for batch in batches]),
            "reference16": torch.cat([batch.reference16 for batch in batches]).half(),
            "place": torch.cat([batch.place for batch in batches]),
        }


def joined(parts: Sequence[Views], counts: Sequence[int]) -> Views:
    """The first so many views of each image, in memory."""
    return {
        name: [camera for part, count in zip(parts, counts, strict=True) for camera in part[name][:count]]
        if name == "cameras"
        else torch.cat([part[name][:count] for part, count in zip(parts, counts, strict=True)])
        for name in parts[0]
    }


def on(device: str, views: Views) -> Views:
    """All of them on a device: a GPU takes batches out of its own memory."""
    return {name: part if isinstance(part, list) else part.to(device) for name, part in views.items()}


def spread(views: Views, count: int) -> Views:
    """So many of the views, evenly; all if there are fewer."""
    number = len(views["cameras"])
    places = np.linspace(0, number - 1, min(count, number)).round().astype(int).tolist()
    return {
        name: [part[place] for place in places] if name == "cameras" else part[places] for name, part in views.items()
    }


def batch_of(views: Views, places: Sequence[int]) -> WholeFrameBatch:
    """Those views as the training takes them."""
    chosen = torch.as_tensor(places)
    ldr, reference = views["ldr"][chosen].float() / 255, views["reference16"][chosen].float()
    first: Tensor = ldr[0]
    return WholeFrameBatch(
        cameras=[views["cameras"][place] for place in places],
        seen=Thumbnail(views["cells"][chosen].float(), views["histogram"][chosen]),
        ldr=ldr,
        reference16=reference,
        place=views["place"][chosen],
        triple=Triple(first, reference[0].clamp(max=1), reference[0], "view", torch.tensor(1.0)),
    )


def batches_of(views: Views) -> Iterator[WholeFrameBatch]:
    """All views once, in their order."""
    count = len(views["cameras"])
    for begin in range(0, count, BATCH):
        yield batch_of(views, range(begin, min(begin + BATCH, count)))


class ViewsModule(L.LightningDataModule):
    """So many updates on views in random order, each as often as the others.

    Args:
        views: see `joined`.
        updates: of the run.
        seed: of the order.
        batch_size: views of an update.
        batch: makes a batch of the views at some places.
    """

    def __init__(
        self,
        views: Views,
        *,
        updates: int,
        seed: int,
        batch_size: int = BATCH,
        batch: Callable[[Views, Sequence[int]], Any] = batch_of,
    ) -> None:
        super().__init__()
        self.views, self.updates, self.seed, self.batch = views, updates, seed, batch
        self.batch_size, self.patches_per_epoch = batch_size, batch_size * updates

    def train_dataloader(self) -> DataLoader[Any]:
        """The run as one epoch."""
        count = len(self.views["cells"])
        rng = np.random.default_rng(self.seed)
        passes = [rng.permutation(count) for _ in range(math.ceil(self.patches_per_epoch / count))]
        order = np.concatenate(passes)[: self.patches_per_epoch].tolist()
        return DataLoader(
            order,  # type: ignore[arg-type]
            batch_size=self.batch_size,
            collate_fn=lambda places: self.batch(self.views, places),
        )


def nested_by_place(groups: Mapping[str, str], fractions: Sequence[float], seed: int) -> dict[float, list[str]]:
    """For each share of the places the images of so many of them; a larger share has all those of a smaller one.

    Args:
        groups: image -> place.
        fractions: of the places.
        seed: of their order.
    """
    places = np.random.default_rng(seed).permutation(sorted(set(groups.values()))).tolist()
    chosen = {fraction: set(places[: max(round(fraction * len(places)), 1)]) for fraction in fractions}
    return {
        fraction: [image for image in sorted(groups) if groups[image] in taken] for fraction, taken in chosen.items()
    }
