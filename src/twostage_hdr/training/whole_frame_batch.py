"""Frames of varied sizes in one batch: a thumbnail of each, and as many of its pixels."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from twostage_hdr.data.triple import Triple
from twostage_hdr.networks.frame_thumbnail import Thumbnail, canvas_place, thumbnail
from twostage_hdr.radiometry.quantities import EncodedRGB

PIXELS = 8192
"""Of each frame, spread evenly."""
GOLDEN_RATIO = (math.sqrt(5) - 1) / 2
"""Its multiples, modulo 1, are spread evenly, however many are taken."""


class WholeFrameBatch(NamedTuple):
    """What the branch learns from; the images are rows of 8,192 pixels."""

    cameras: list[str]
    """Name of the camera of each frame."""
    seen: Thumbnail
    """Of the whole frames."""
    ldr: EncodedRGB
    """(B, 3, 1, 8192), as the cameras encoded it."""
    reference16: EncodedRGB
    """(B, 3, 1, 8192), in [0, cap]."""
    place: Float[Tensor, "batch 1 pixels 2"]
    """Of the pixels on the thumbnails' canvas, see `canvas_place`."""
    triple: Triple
    """The first of the frames, to be kept where something goes wrong."""


@torch.no_grad()
def whole_frame_batch(triples: Sequence[Triple]) -> WholeFrameBatch:
    """The batch of some frames, whose `scene` is "camera/scene"; done by the loader's processes."""
    looks = [thumbnail(triple.ldr[None]) for triple in triples]
    chosen = [_chosen(*triple.ldr.shape[-2:]) for triple in triples]
    ldr, reference = (
        torch.stack([image[:, rows, columns] for image, (rows, columns) in zip(images, chosen, strict=True)])
        for images in ([triple.ldr for triple in triples], [triple.reference16 for triple in triples])
    )
    place = [
        canvas_place(rows, columns, *triple.ldr.shape[-2:])
        for triple, (rows, columns) in zip(triples, chosen, strict=True)
    ]
    return WholeFrameBatch(
        cameras=[str(triple.scene).split("/", 1)[0] for triple in triples],
        seen=Thumbnail(*(torch.cat(parts) for parts in zip(*looks, strict=True))),
        ldr=ldr[:, :, None],
        reference16=reference[:, :, None],
        place=torch.stack(place),
        triple=triples[0],
    )


def _chosen(height: int, width: int) -> tuple[Tensor, Tensor]:
    """Rows and columns of the pixels; of a frame with fewer some come twice."""
    along = (torch.arange(PIXELS, dtype=torch.float64) * GOLDEN_RATIO) % 1
    pixel = (along * height * width).long()
    return pixel // width, pixel % width
