"""One RDAB on one tile, every 3x3 convolution as 36 matrix products."""

import mmap

import torch
from torch import Tensor
from torch.nn import functional as F

from twostage_hdr.inference.winograd.layout import PLANES, clear_outside, gather_patches, spread_patches
from twostage_hdr.inference.winograd.transforms import OUTPUTS
from twostage_hdr.inference.winograd.weights import SKIP, WinogradConv, WinogradWeights

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


FREQUENCIES = 36


class Workspace:
    """Buffers of one worker, allocated once: nothing else grows with the tile.

    Args:
        blocks: largest number of 4x4 blocks in a tile, its rim of one block on each side included.
        features: channels of x.
        growth: channels that each dense conv adds.
        dtype: of the matrices.
    """

    def __init__(self, *, blocks: int, features: int, growth: int, dtype: torch.dtype) -> None:
        self.growth = growth
        self.channels = features + 4 * growth
        self.patches = zeros_on_huge_pages(FREQUENCIES * max(features, growth) * blocks, dtype=dtype)
        self.spectra = zeros_on_huge_pages(FREQUENCIES * self.channels * blocks, dtype=dtype)
        joint = growth + max(features, growth)  # channels of a product for two convolutions
        self.products = zeros_on_huge_pages((FREQUENCIES + 1) * joint * blocks, dtype=dtype)
        self.first = zeros_on_huge_pages(PLANES * (features + growth) * blocks, dtype=dtype)
        self.second = zeros_on_huge_pages(PLANES * joint * blocks, dtype=dtype)
        self.features = zeros_on_huge_pages(PLANES * features * blocks)
        self.operand = zeros_on_huge_pages(FREQUENCIES * (features + growth) * blocks, dtype=dtype)

    def packed(self, spectra: Tensor) -> Tensor:
        """A slice of channels as bmm takes it: oneDNN (bfloat16) would allocate such a copy at every call."""
        if spectra.dtype == torch.float32 or spectra.is_contiguous():
            return spectra
        return self.operand[: spectra.numel()].view(spectra.shape).copy_(spectra)


def rdab_tile(
    block: WinogradWeights,
    space: Workspace,
    *,
    top: int,
    left: int,
    source: Tensor,
    target: Tensor,
    above: Tensor,
    height: int,
    width: int,
) -> None:
    """RDAB(x) on one tile.

    The dense block looks 5 pixels far: x1..x4 are computed on one more block (4 pixels) to the left, to the right and
    below, x is read on two. Values within the outermost pixels of that rim are wrong, and no output sees them. The
    line of pixels above comes from the tile above, which has been computed before.

    Args:
        block: transformed weights.
        space: this worker's buffers.
        top: first row of blocks of the output in the image.
        left: its first column of blocks.
        source: (16, features, rows + 4, columns + 4) blocks of x, two more blocks on each side; zeros outside.
        target: (16, features, rows, columns) blocks of the output, written; zeros outside the image.
        above: (4, 4, growth, columns + 2), the last line of pixels of x1..x4 of the tile above, zeros for the first;
            replaced by this tile's.
        height: of the image, pixels.
        width: of the image, pixels.
    """
    features, growth = source.shape[1], space.growth
    rows, columns = target.shape[2] + 1, target.shape[3] + 2  # with the rim
    count = rows * columns
    known = features + 3 * growth
    spectra = space.spectra[: FREQUENCIES * known * count].view(FREQUENCIES, known, count)  # of (x, x1..x3)
    fourth = space.spectra[spectra.numel() :][: FREQUENCIES * growth * count].view(FREQUENCIES, growth, count)  # of x4
    patches = space.patches[: FREQUENCIES * features * count].view(FREQUENCIES, features, rows, columns)
    gather_patches(source, patches, top=2, left=1)
    torch.mm(block.input, patches.view(FREQUENCIES, -1), out=_rows(spectra[:, :features]))
    patches = space.patches[: FREQUENCIES * growth * count].view(FREQUENCIES, growth, rows, columns)

    def settle(index: int, fresh: Tensor, spectrum: Tensor) -> None:
        """ReLU of a dense conv's pixels (16, growth, count), its zeros outside the image, and its spectrum."""
        inside = patches[:PLANES]
        torch.clamp_min(fresh.view(PLANES, growth, rows, columns), 0, out=inside)
        clear_outside(inside, top=top, left=left - 1, height=height, width=width)
        spread_patches(patches, above[index])
        above[index] = inside[-OUTPUTS:, :, rows - 2]
        torch.mm(block.input, patches.view(FREQUENCIES, -1), out=_rows(spectrum))

    x1, x2, x3 = (slice(features + index * growth, features + (index + 1) * growth) for index in range(3))
    first = _convolve(block, block.convs[0], space, spectra[:, :features], space.first)
    settle(0, first[:, :growth], spectra[:, x1])
    pair = _convolve(block, block.convs[1], space, spectra[:, : x1.stop], space.second)
    settle(1, pair[:, :growth], spectra[:, x2])
    _add_convolution(block, block.convs[2], space, spectra[:, x2], pair[:, growth:])
    settle(2, pair[:, growth:], spectra[:, x3])
    pair = _convolve(block, block.convs[3], space, spectra, space.second)
    settle(3, pair[:, :growth], fourth)
    _add_convolution(block, block.convs[4], space, fourth, pair[:, growth:])
    last, inner = pair[:, growth:], (rows - 1) * columns  # the products' columns, but for the rim below
    if block.gate is not None:
        gate = _gate(block.gate, source[:, :, 1:-1]).to(last.dtype)
        last[..., :inner].addcmul_(gate, first[:, growth:, :inner])  # of long runs, the rim beside the output included
    target.copy_(last.unflatten(2, (rows, columns))[:, :, :-1, 1:-1])  # adding two types would allocate a whole tile
    target.add_(source[:, :, 2:-2, 2:-2], alpha=SKIP)
    clear_outside(target, top=top, left=left, height=height, width=width)


def _rows(planes: Tensor) -> Tensor:
    """(36 or 16, channels, count), a slice of channels, as a matrix of 36 or 16 rows without a copy."""
    rows, channels, count = planes.shape
    return planes.as_strided((rows, channels * count), (planes.stride(0), 1), planes.storage_offset())


def _gate(weight: Tensor, x: Tensor) -> Tensor:
    """sigmoid(conv7x7([mean, max])) of x but for one block of rim, (16, 1, count)."""
    pooled = torch.cat((x.mean(1), x.amax(1)))  # (32, rows, columns)
    return torch.sigmoid(F.conv2d(pooled[None], weight)[0]).flatten(1)[:, None]


def _convolve(block: WinogradWeights, conv: WinogradConv, space: Workspace, spectra: Tensor, buffer: Tensor) -> Tensor:
    """A 3x3 convolution from spectra (36, in, count) to pixels (16, channels, count), bias included, no activation."""
    channels, count = conv.weight.shape[1], spectra.shape[2]
    products = space.products[: (FREQUENCIES + 1) * channels * count].view(FREQUENCIES + 1, channels, count)
    torch.bmm(conv.weight, space.packed(spectra), out=products[:FREQUENCIES])
    assert conv.bias is not None
    products[FREQUENCIES].copy_(conv.bias.expand(channels, count))
    out = buffer[: PLANES * channels * count].view(PLANES, channels, count)
    torch.mm(block.output, products.view(FREQUENCIES + 1, -1), out=out.view(PLANES, -1))
    return out


def _add_convolution(
    block: WinogradWeights, conv: WinogradConv, space: Workspace, spectra: Tensor, pixels: Tensor
) -> None:
    """Adds the rest of a 3x3 convolution, without bias, to pixels (16, channels, count)."""
    channels, count = conv.weight.shape[1], spectra.shape[2]
    products = space.products[: FREQUENCIES * channels * count].view(FREQUENCIES, channels, count)
    torch.bmm(conv.weight, space.packed(spectra), out=products)
    _rows(pixels).addmm_(block.output[:, :FREQUENCIES], products.view(FREQUENCIES, -1))
