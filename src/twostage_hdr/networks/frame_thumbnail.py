"""A whole frame as a small picture of fixed size: a photograph of 0.3 and of 50 megapixels look the same in it.

Everything is a mean over areas, written as two matrix products, so that it can be taken band by band, and exported.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from twostage_hdr.networks.two_stage_context import clipping_weight
from twostage_hdr.radiometry.quantities import EncodedRGB

SIDE = 160
"""Cells along the longer side of a frame, and along both sides of the canvas that it lies on the middle of."""
BINS = 32
"""Histogram bins of each channel."""
CHANNELS = 11
"""Of a thumbnail, see `quantities`; the last is the share of a cell that lies in the frame."""

Canvas = Float[Tensor, "batch channels 160 160"]


class Thumbnail(NamedTuple):
    """What is kept of a whole frame."""

    cells: Canvas
    """Area means of `quantities`, 11 channels; 0 outside the frame."""
    histogram: Float[Tensor, "batch bins"]
    """Share of the pixels in each bin of encoded values; 3 x 32."""


def quantities(ldr: EncodedRGB) -> Float[Tensor, "batch 10 rows columns"]:
    """What is averaged, for each pixel: R, G, B; how white each is; the least and most white; grey squared and cubed.

    Powers of grey tell a cell's contrast and how its tones lie, which a response curve bends.

    Args:
        ldr: (B, 3, H, W) in [0, 1], as the camera encoded it.
    """
    white = clipping_weight(ldr)
    grey = ldr.mean(1, keepdim=True)
    return torch.cat((ldr, white, white.amin(1, keepdim=True), white.amax(1, keepdim=True), grey**2, grey**3), 1)


def thumbnail(ldr: EncodedRGB) -> Thumbnail:
    """Of a whole frame, (B, 3, H, W) in [0, 1]; any H, W >= 1."""
    height, width = ldr.shape[-2:]
    rows, columns = area_matrix(height, height, width, ldr), area_matrix(width, height, width, ldr)
    return Thumbnail(area_means(area_sums(ldr, rows, columns)), histogram(ldr))


def area_sums(
    ldr: EncodedRGB, rows: Float[Tensor, "cells height"], columns: Float[Tensor, "cells2 width"]
) -> Float[Tensor, "batch channels cells cells2"]:
    """Sums of `quantities`, and of 1, over the cells; of a band of rows they may be added to those of the others."""
    seen = quantities(ldr)
    return rows @ torch.cat((seen, torch.ones_like(seen[:, :1])), 1) @ columns.T


def area_means(sums: Canvas) -> Canvas:
    """The cells of a `Thumbnail` from the sums over a whole frame."""
    cover = sums[:, -1:]
    return torch.cat((sums[:, :-1] / cover.clamp(min=1e-6), cover.clamp(max=1)), 1)


def histogram(ldr: EncodedRGB) -> Float[Tensor, "batch bins"]:
    """Mean membership of each channel's values in 32 bins: 1 at a bin's centre, 0 one bin away; centres at 0 and 1."""
    place = ldr.flatten(2).clamp(0, 1) * (BINS - 1)  # (B, 3, pixels)
    below = place.floor().clamp(max=BINS - 2)
    share = place - below
    counts = torch.zeros(*place.shape[:2], BINS, dtype=ldr.dtype, device=ldr.device)
    counts = counts.scatter_add(2, below.long(), 1 - share).scatter_add(2, below.long() + 1, share)
    return (counts / place.shape[-1]).flatten(1)


def area_matrix(length: int, height: int, width: int, like: Tensor) -> Float[Tensor, "160 length"]:
    """Share of each cell that each row (or column) of pixels covers.

    Args:
        length: rows (or columns) of the frame.
        height, width: of the frame: the longer fills the canvas, the other lies in its middle.
        like: a tensor whose device the matrix gets.
    """
    scale, offset = _geometry(length, height, width, like)
    begin = torch.arange(SIDE, device=like.device)[:, None] * scale - offset
    pixel = torch.arange(length, device=like.device)[None]
    return (torch.minimum(begin + scale, pixel + 1) - torch.maximum(begin, pixel)).clamp(min=0) / scale


def bilinear_matrix(length: int, height: int, width: int, cells: int, like: Tensor) -> Float[Tensor, "length cells"]:
    """Weights of a canvas's cells at the centre of each row (or column) of pixels, see `area_matrix`; they sum to 1.

    Args:
        length: rows (or columns) of the frame.
        height, width: of the frame.
        cells: along the canvas that is read: 160, or fewer and larger ones.
        like: a tensor whose device the matrix gets.
    """
    scale, offset = _geometry(length, height, width, like)
    place = (torch.arange(length, device=like.device) + 0.5 + offset) / scale * (cells / SIDE) - 0.5
    place = place.clamp(0, cells - 1)[:, None]
    return (1 - (place - torch.arange(cells, device=like.device)[None]).abs()).clamp(min=0)


def canvas_place(
    rows: Int[Tensor, " pixels"], columns: Int[Tensor, " pixels"], height: int, width: int
) -> Float[Tensor, "1 pixels 2"]:
    """Where the centres of pixels lie on the canvas, from -1 to 1 (across, down), as `F.grid_sample` takes it.

    Args:
        rows, columns: of the pixels, from 0.
        height, width: of the frame.
    """
    ends = [((each + 0.5) - length / 2) / max(height, width) * 2 for each, length in ((columns, width), (rows, height))]
    return torch.stack(ends, -1)[None]


def _geometry(length: int, height: int, width: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Pixels of a cell, and pixels by which the canvas begins before the frame."""
    sides = torch.tensor([height, width, length], dtype=torch.float32).to(like.device, non_blocking=True)
    scale = torch.maximum(sides[0], sides[1]) / SIDE
    return scale, (SIDE * scale - sides[2]) / 2
