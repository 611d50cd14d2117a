"""Views with a patch around something clipped, photographed once: what long trainings of branch and context share.

Where the context learns, too, it must see pixels beside each other; the branch sees the whole view as a thumbnail.
What the two stages make of the patches is computed once, since they are frozen: 1.1 MB on disk for a view.
"""

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from experiments.weights.branch_views import KeptViews, Views
from experiments.weights.calibration import two_stages
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.triple import Triple
from twostage_hdr.data.view_source import ViewSource
from twostage_hdr.imaging.atomic import atomic_path
from twostage_hdr.inference.engine import Engine
from twostage_hdr.losses.gain_aligned import alignment_gain
from twostage_hdr.networks.frame_thumbnail import Thumbnail, thumbnail
from twostage_hdr.networks.response_curve import ResponseCurve
from twostage_hdr.networks.two_stage_context import clipping_weight
from twostage_hdr.networks.two_stage_whole_frame import TwoStageWholeFrameNetwork
from twostage_hdr.radiometry.gamma import HDM_GAMMA
from twostage_hdr.training.two_stage_whole_frame import known_or

SIDE = 192
"""Of a patch, px: a cell of the context sees 176 to every side. What lies outside the view is black."""
CLIPPED = 0.5
"""Clipping weight from which a pixel may be what a patch is around."""
JITTER = SIDE // 4
"""Most that a patch's middle lies beside it, px."""


class PatchBatch(NamedTuple):
    """What branch and context learn from; images are (B, 3, SIDE, SIDE)."""

    seen: Thumbnail
    """Of the whole views."""
    curve: ResponseCurve
    """How each was taken: its own response, or the network's estimate."""
    known: Tensor
    """(B): 1 where the response is known."""
    ldr: Tensor
    """As the cameras encoded it."""
    reference16: Tensor
    """With the exposure of the view, as its curve takes it: one gain for the whole view."""
    two_stage: Tensor
    """What the two stages make of the re-encoded patches."""
    place: Tensor
    """(B, SIDE, SIDE, 2): of the pixels on the thumbnails' canvas."""
    triple: Triple
    """The first of them, to be kept where something goes wrong."""


class KeptPatches(KeptViews):
    """A folder of views with patches, one file for each image.

    Args:
        folder, source, count: see `KeptViews`.
        declared: for each camera, how often its frames come with which response, see `TwoStageWholeFrameModule`.
        network: estimates responses.
    """

    def __init__(
        self,
        folder: Path,
        source: ViewSource,
        count: int,
        declared: Mapping[str, Mapping[str, float]],
        network: TwoStageWholeFrameNetwork,
    ) -> None:
        super().__init__(folder, source, count)
        self.declared, self.curve_network = declared, network.branch.curve
        self.response = network.branch.response

    def of(self, scene: Scene) -> Views:
        """The views of an image, with the two stages' patches where `keep_two_stages` has run."""
        views, path = super().of(scene), self._of_two_stages(scene)
        return views | ({"two_stage": torch.load(path, weights_only=True, mmap=True)} if path.exists() else {})

    @torch.no_grad()
    def keep_two_stages(self, scene: Scene, engine: Engine) -> None:
        """What the two stages, which the engine runs, make of the views' patches; once."""
        if self._of_two_stages(scene).exists():
            return
        views = super().of(scene)
        known = _curve(views).encoded(views["ldr"].float() / 255)
        if engine.stream is None:  # a GPU takes them together
            parts = [engine.forward(*engine.replicas[0], part.to(engine.device)).cpu() for part in known.split(16)]
        else:
            parts = [two_stages(engine, each[None]) for each in known]
        made = torch.cat(parts)
        with atomic_path(self._of_two_stages(scene)) as temporary:
            torch.save(made.half(), temporary)

    def _of_two_stages(self, scene: Scene) -> Path:
        return self.path(scene).with_suffix(".two_stages.pt")

    @torch.no_grad()
    def _photographed(self, scene: Scene) -> Views:
        rng = np.random.default_rng(zlib.crc32(scene.id.encode()))
        parts = [self._patch(triple, rng) for triple in self._drawn(scene)]
        return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}

    def _patch(self, triple: Triple, rng: np.random.Generator) -> Views:
        ldr, reference, seen = triple.ldr[None], triple.reference16[None], thumbnail(triple.ldr[None])
        shares = self.declared[str(triple.scene).split("/", 1)[0]]
        weights = np.array(list(shares.values())) / sum(shares.values())
        name = str(rng.choice(list(shares), p=weights))
        curve = known_or(self.response(seen), [name])
        reference = reference / alignment_gain(curve.encoded(ldr), reference) ** (1 / HDM_GAMMA)
        top, left = patch_corner(triple.ldr, rng)
        return {
            "cells": seen.cells.half(),
            "histogram": seen.histogram,
            "curve": torch.stack(tuple(curve), 1),
            "known": torch.tensor([float(name != "estimated")]),
            "region": torch.tensor([[top, left, *triple.ldr.shape[-2:]]]),
            "ldr": (patch(ldr, top, left) * 255).round().byte(),
            "reference16": patch(reference, top, left).half(),
        }


def patch_corner(ldr: Tensor, rng: np.random.Generator) -> tuple[int, int]:
    """Top and left of a patch around a clipped pixel of a frame, (3, H, W); anywhere where nothing is clipped."""
    clipped = np.flatnonzero((clipping_weight(ldr).amax(0) > CLIPPED).numpy())
    height, width = ldr.shape[-2:]
    pixel = int(rng.choice(clipped)) if len(clipped) else int(rng.integers(height * width))
    jitter = rng.integers(-JITTER, JITTER + 1, 2)
    corner = np.array(divmod(pixel, width)) - SIDE // 2 + jitter
    top, left = corner.clip(0, np.maximum(np.array([height, width]) - SIDE, 0)).tolist()
    return top, left


def patch(image: Tensor, top: int, left: int) -> Tensor:
    """(B, C, SIDE, SIDE) of (B, C, H, W), with 0 where the image has ended."""
    part = image[..., top : top + SIDE, left : left + SIDE]
    return F.pad(part, (0, SIDE - part.shape[-1], 0, SIDE - part.shape[-2]))


def patch_place(region: Tensor) -> Tensor:
    """(B, SIDE, SIDE, 2): of a patch's pixels on the canvas, as `canvas_place` has them.

    Args:
        region: (B, 4): top and left of the patch, height and width of the frame.
    """
    top, left, height, width = region[:, :, None].float().unbind(1)
    along = torch.arange(SIDE, device=region.device) + 0.5
    longer = torch.maximum(height, width) / 2
    down, across = ((along + begin - side / 2) / longer for begin, side in ((top, height), (left, width)))
    shape = (-1, SIDE, SIDE)
    return torch.stack((across[:, None].expand(shape), down[:, :, None].expand(shape)), -1)


def patches_of(views: Views, places: Sequence[int]) -> PatchBatch:
    """Those views, half of them mirrored: which, depends on their places in the order alone."""
    chosen = torch.as_tensor(places, device=views["cells"].device)
    part = {name: values[chosen] for name, values in views.items()}
    ldr, reference = part["ldr"].float() / 255, part["reference16"].float()
    batch = PatchBatch(
        seen=Thumbnail(part["cells"].float(), part["histogram"]),
        curve=_curve(part),
        known=part["known"],
        ldr=ldr,
        reference16=reference,
        two_stage=part["two_stage"].float(),
        place=patch_place(part["region"]),
        triple=Triple(ldr[0], reference[0].clamp(max=1), reference[0], "view", torch.tensor(1.0)),
    )
    return mirrored(batch) if sum(places) % 2 else batch


def mirrored(batch: PatchBatch) -> PatchBatch:
    """The views seen in a mirror."""
    place = batch.place.flip(2) * batch.place.new_tensor([-1.0, 1.0])
    images = {name: getattr(batch, name).flip(-1) for name in ("ldr", "reference16", "two_stage")}
    return batch._replace(seen=batch.seen._replace(cells=batch.seen.cells.flip(-1)), place=place, **images)


def _curve(views: Views) -> ResponseCurve:
    return ResponseCurve(*views["curve"].unbind(1))
