"""One RDAB on one tile, every 3x3 convolution as 36 matrix products."""

import math
import mmap
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from twostage_hdr.inference.winograd.layout import (
    PLANES,
    clear_outside,
    gather_patches,
    patch_planes,
    spread_patches,
)
from twostage_hdr.inference.winograd.transforms import FREQUENCIES, OUTPUTS, PATCH, winograd_matrices
from twostage_hdr.inference.winograd.weights import (
    DENSE_CONVS,
    SKIP,
    WinogradConv,
    WinogradWeights,
    transform_weights,
)

_HUGE_PAGE = 2 << 20
"""Bytes of a large page on x86-64 and ARM64 Linux."""


def zeros_on_huge_pages(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """torch.zeros, on 2 MB pages where the system gives them on request (Linux)."""
    count = torch.Size(shape).numel()
    size = count * dtype.itemsize
    advice = getattr(mmap, "MADV_HUGEPAGE", None)
    if advice is None or size < _HUGE_PAGE:
        return torch.zeros(shape, dtype=dtype, device="cpu")
    memory = mmap.mmap(-1, size + _HUGE_PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    try:
        memory.madvise(advice)
    except OSError:  # a kernel without transparent huge pages
        return torch.zeros(shape, dtype=dtype, device="cpu")
    address = torch.frombuffer(memory, dtype=torch.uint8, count=1).data_ptr()
    return torch.frombuffer(memory, dtype=dtype, count=count, offset=-address % _HUGE_PAGE).view(shape)


class Tile(NamedTuple):
    """What an RDAB reads and writes for one tile."""

    top: int
    """First row of blocks of the output in the image."""
    left: int
    """Its first column of blocks."""
    source: Tensor
    """(16, features, rows + 4, columns + 4) blocks of x, two more blocks on each side; zeros outside the image."""
    target: Tensor
    """(16, features, rows, columns) blocks of the output, written; zeros outside the image."""
    above: Tensor
    """(4, 4, growth, columns + 2), the last line of pixels of x1..x4 of the tile above, zeros for the first; replaced
    by this tile's."""
    height: int
    """Of the image, pixels."""
    width: int
    """Of the image, pixels."""


class Workspace:
    """Buffers of one worker, allocated once: nothing else grows with the tile.

    Args:
        count: blocks in a tile, its rim included.
        features: channels of x.
        growth: channels that each dense conv adds.
        dtype: of the matrices.
    """

    def __init__(self, *, count: int, features: int, growth: int, dtype: torch.dtype) -> None:
        widest = max(features, growth)
        self.patches = zeros_on_huge_pages(FREQUENCIES * widest * count, dtype=dtype)
        self.pile = zeros_on_huge_pages(FREQUENCIES * (features + DENSE_CONVS * growth) * count, dtype=dtype)
        self.products = zeros_on_huge_pages((FREQUENCIES + 1) * widest * count, dtype=dtype)
        self.pixels = zeros_on_huge_pages(PLANES * widest * count, dtype=dtype)
        self.attention = zeros_on_huge_pages(PLANES * features * count, dtype=dtype)
        self.features = zeros_on_huge_pages(PLANES * features * count)


class PyTorchTiles:
    """RDABs on tiles, in PyTorch's operations: what runs where there are no compiled kernels.

    Args:
        dtype: of the matrix products, float32 or bfloat16.
    """

    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype = dtype
        matrices, ones = winograd_matrices(), torch.ones(PLANES, 1, dtype=torch.float64, device="cpu")
        self.input = matrices.input[:, patch_planes()].to(dtype)
        """B^T x B^T with its columns in the order of the stored patches: (36, 36)."""
        self.output = torch.cat((matrices.output, ones), 1).to(dtype)
        """A^T x A^T and a column of ones for the bias: (16, 37)."""

    def weights(self, block: nn.Module) -> WinogradWeights:
        """Transforms the weights of an RDAB."""
        weights = transform_weights(block, lambda matrices: matrices.to(self.dtype).contiguous())
        return weights if weights.gate is None else weights._replace(gate=gate_of_blocks(weights.gate))

    def head_weight(self, conv: nn.Conv2d) -> Tensor:
        """(features, 3, 3, 3) as a matrix from three rows of a patch (3 * 6 * 3) to a row of a block (4 features)."""
        weight = conv.weight.detach().float()
        features = weight.shape[0]
        matrix = weight.new_zeros(OUTPUTS, features, 3, PATCH, 3)
        for pixel in range(OUTPUTS):
            matrix[pixel, :, :, pixel : pixel + 3] = weight.permute(0, 2, 3, 1)
        return matrix.view(OUTPUTS * features, -1)

    def head(self, weight: Tensor, bias: Tensor, source: Tensor, target: Tensor) -> None:
        """conv3x3 (3 -> features) as one matrix product from patches to blocks.

        Args:
            weight: of `head_weight`.
            bias: (features,).
            source: (16, 3, rows + 2, columns + 2), one more block on each side.
            target: (16, features, rows, columns), written.
        """
        _, features, rows, columns = target.shape
        stored = weight.new_empty(PATCH * PATCH, 3, rows, columns)
        gather_patches(source, stored, top=1, left=1)
        patches = torch.empty_like(stored)
        patches[patch_planes()] = stored
        lines, biases = patches.view(PATCH, -1, rows * columns), bias.repeat(OUTPUTS)[:, None]
        for line in range(OUTPUTS):
            result = torch.addmm(biases, weight, lines[line : line + 3].flatten(0, 1))
            target[OUTPUTS * line : OUTPUTS * (line + 1)] = result.view(OUTPUTS, features, rows, columns)

    def workspace(self, *, rows: int, columns: int, features: int, growth: int) -> Workspace:
        """Buffers for tiles of so many blocks, the rim included."""
        return Workspace(count=rows * columns, features=features, growth=growth, dtype=self.dtype)

    def lines(self, block: WinogradWeights, columns: int) -> Tensor:
        """What `run` takes as above for the uppermost tile, so many blocks wide with its rim."""
        return torch.zeros(DENSE_CONVS, OUTPUTS, block.growth, columns, dtype=self.dtype, device="cpu")

    def run(self, block: WinogradWeights, space: Workspace, tile: Tile) -> None:
        """RDAB(x) on one tile.

        The dense block looks 5 pixels far: x1..x4 are computed on one more block (4 pixels) to the left, to the right
        and below, x is read on two. Values within the outermost pixels of that rim are wrong, and no output sees them.
        The line of pixels above comes from the tile above, which has been computed before.

        Args:
            block: transformed weights.
            space: this worker's buffers.
            tile: its target and above are written.
        """
        top, left, source, target, above, height, width = tile
        features, growth = block.features, block.growth
        rows, columns = target.shape[2] + 1, target.shape[3] + 2  # with the rim
        count = rows * columns
        pile = part(space.pile, FREQUENCIES, features + DENSE_CONVS * growth, count)  # spectra of x, x1..x4
        patches = part(space.patches, FREQUENCIES, features, rows, columns)
        gather_patches(source, patches, top=2, left=1)
        torch.mm(self.input, patches.view(FREQUENCIES, -1), out=_rows(pile[:, :features]))
        patches = part(space.patches, FREQUENCIES, growth, rows, columns)
        inside = patches[:PLANES]
        for conv, line in zip(block.growing, above, strict=True):
            fresh = self._convolve(conv, pile, space, space.pixels)
            torch.clamp_min(fresh.view(inside.shape), 0, out=inside)
            clear_outside(inside, top=top, left=left - 1, height=height, width=width)
            spread_patches(patches, line)
            line.copy_(inside[-OUTPUTS:, :, rows - 2])
            torch.mm(self.input, patches.view(FREQUENCIES, -1), out=_rows(pile[:, conv.seen : conv.seen + growth]))
        last, inner = self._convolve(block.last, pile, space, space.pixels), (rows - 1) * columns  # but the rim below
        if block.attention is not None and block.gate is not None:
            attention = self._convolve(block.attention, pile, space, space.attention)
            gates = gate(block.gate, source[:, :, 1:-1]).to(last.dtype)
            last[..., :inner].addcmul_(gates, attention[..., :inner])  # of long runs, the rim at the sides included
        target.copy_(last.unflatten(2, (rows, columns))[:, :, :-1, 1:-1])  # adding two types would allocate a tile
        target.add_(source[:, :, 2:-2, 2:-2], alpha=SKIP)
        clear_outside(target, top=top, left=left, height=height, width=width)

    def _convolve(self, conv: WinogradConv, pile: Tensor, space: Workspace, buffer: Tensor) -> Tensor:
        """A 3x3 convolution from spectra to pixels (16, channels, count), bias included, no activation."""
        channels, count = len(conv.bias), pile.shape[2]
        products = part(space.products, FREQUENCIES + 1, channels, count)
        torch.bmm(conv.weight, pile[:, : conv.seen], out=products[:FREQUENCIES])
        products[FREQUENCIES].copy_(conv.bias[:, None].expand(channels, count))
        pixels = part(buffer, PLANES, channels, count)
        torch.mm(self.output, products.view(FREQUENCIES + 1, -1), out=pixels.view(PLANES, -1))
        return pixels


def part(buffer: Tensor, *shape: int) -> Tensor:
    """The beginning of a buffer."""
    return buffer[: math.prod(shape)].view(shape)


def _rows(planes: Tensor) -> Tensor:
    """(36 or 16, channels, count), a slice of channels, as a matrix of 36 or 16 rows without a copy."""
    rows, channels, count = planes.shape
    return planes.as_strided((rows, channels * count), (planes.stride(0), 1), planes.storage_offset())


def gate(weight: Tensor, x: Tensor) -> Tensor:
    """sigmoid(conv7x7([mean, max])) of x but for one block of rim, (16, 1, count)."""
    pooled = torch.cat((x.mean(1), x.amax(1)))  # (32, rows, columns)
    return torch.sigmoid(F.conv2d(pooled[None], weight)[0]).flatten(1)[:, None]


def gate_of_blocks(gate: Tensor) -> Tensor:
    """(1, 2, 7, 7) of (mean, max) as a 3x3 convolution from 2 x 16 planes to 16 planes, (16, 32, 3, 3)."""
    weight = gate[0]
    blocked = weight.new_zeros(OUTPUTS, OUTPUTS, 2, OUTPUTS, OUTPUTS, 3, 3)
    for i in range(OUTPUTS):
        for j in range(OUTPUTS):
            # Input pixels of three blocks, the middle one has (i, j).
            taps = weight.new_zeros(2, 3 * OUTPUTS, 3 * OUTPUTS)
            taps[:, i + 1 : i + 8, j + 1 : j + 8] = weight
            blocked[i, j] = taps.view(2, 3, OUTPUTS, 3, OUTPUTS).permute(0, 2, 4, 1, 3)
    return blocked.view(PLANES, 2 * PLANES, 3, 3)
