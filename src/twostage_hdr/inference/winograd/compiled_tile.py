"""One RDAB on one tile by `kernels.c`: its six convolutions one after the other, in cache."""

import ctypes

import torch
from torch import Tensor, nn

from twostage_hdr.inference.winograd.compiled import Inside, Strides, packed
from twostage_hdr.inference.winograd.layout import PLANES, blocks_inside, clear_outside
from twostage_hdr.inference.winograd.tile import Tile, part, zeros_on_huge_pages
from twostage_hdr.inference.winograd.transforms import FREQUENCIES, OUTPUTS
from twostage_hdr.inference.winograd.weights import (
    DENSE_CONVS,
    SKIP,
    WinogradConv,
    WinogradWeights,
    transform_weights,
)


class CompiledSpace:
    """Buffers of one worker, allocated once: nothing else grows with the tile.

    Args:
        library: of `compiled.kernels`.
        rows: of blocks in a tile, the rim included.
        columns: of blocks in a tile, the rim included.
        features: channels of x.
        growth: channels that each dense conv adds.
        dtype: of the factors of the products.
    """

    def __init__(
        self, library: ctypes.CDLL, *, rows: int, columns: int, features: int, growth: int, dtype: torch.dtype
    ) -> None:
        count = library.padded_count(rows, columns)
        self.pile = zeros_on_huge_pages(FREQUENCIES * (features + DENSE_CONVS * growth) * count, dtype=dtype)
        self.grown = zeros_on_huge_pages(FREQUENCIES * growth * count)
        self.last = zeros_on_huge_pages(FREQUENCIES * features * count)
        self.attention = zeros_on_huge_pages(FREQUENCIES * features * count)
        self.scratch = zeros_on_huge_pages(library.scratch_size(rows, columns))
        self.pooled = zeros_on_huge_pages(PLANES * 2 * (rows + 1) * (columns + 2))
        self.gate = zeros_on_huge_pages((PLANES + 1) * count)  # the kernel reads a little beyond its end
        self.features = zeros_on_huge_pages(PLANES * features * count)


class CompiledTiles:
    """RDABs on tiles, by the kernels.

    Args:
        library: of `compiled.kernels`.
        dtype: of the factors of the products, float32 or bfloat16; everything else is float32.
    """

    def __init__(self, library: ctypes.CDLL, dtype: torch.dtype) -> None:
        self.library, self.dtype = library, dtype
        self.pair = 2 if dtype == torch.bfloat16 else 1
        """Channels in a word of the spectra."""

    def weights(self, block: nn.Module) -> WinogradWeights:
        """Transforms the weights of an RDAB."""
        return transform_weights(block, lambda matrices: packed(matrices, self.library, self.dtype))

    def head_weight(self, conv: nn.Conv2d) -> Tensor:
        """(features, 3, 3, 3), as it is."""
        return conv.weight.detach().float().contiguous()

    def head(self, weight: Tensor, bias: Tensor, source: Tensor, target: Tensor) -> None:
        """conv3x3 (3 -> features); arguments as of `tile.PyTorchTiles.head`."""
        inner, (features, seen, side, _), (rows, columns) = source[:, :, 1:, 1:], weight.shape, target.shape[2:]
        self.library.convolve(
            inner, _strides(inner), weight, bias, target, _strides(target), features, seen, side, rows, columns
        )

    def workspace(self, *, rows: int, columns: int, features: int, growth: int) -> CompiledSpace:
        """Buffers for tiles of so many blocks, the rim included."""
        return CompiledSpace(
            self.library, rows=rows, columns=columns, features=features, growth=growth, dtype=self.dtype
        )

    def lines(self, block: WinogradWeights, columns: int) -> Tensor:
        """What `run` takes as above for the uppermost tile, so many blocks wide with its rim."""
        return torch.zeros(DENSE_CONVS, OUTPUTS, block.growth, columns, dtype=torch.float32, device="cpu")

    def run(self, block: WinogradWeights, space: CompiledSpace, tile: Tile) -> None:
        """RDAB(x) on one tile; arguments as of `tile.PyTorchTiles.run`."""
        top, left, source, target, above, height, width = tile
        features, half = block.features, self.pair - 1
        rows, columns = target.shape[2] + 1, target.shape[3] + 2  # with the rim
        count = self.library.padded_count(rows, columns)
        frequency = (features + DENSE_CONVS * block.growth) * count // self.pair
        inside = _inside(rows, columns, top=top, left=left - 1, height=height, width=width)

        def convolve(conv: WinogradConv, products: Tensor) -> None:
            out, seen = len(conv.bias), conv.seen // self.pair
            self.library.products(
                conv.weight, space.pile, products, out, seen, count, frequency, out * count, False, half
            )

        x = source[:, :, 2:, 1:]
        self.library.tile_spectra(x, _strides(x), space.pile, frequency, space.scratch, features, rows, columns, half)
        for conv, line in zip(block.growing, above, strict=True):
            convolve(conv, space.grown)
            self.library.grow(
                space.grown, conv.bias, line, inside, None, space.pile[conv.seen * count :], frequency,
                space.scratch, block.growth, rows, columns, half,
            )  # fmt: skip
        convolve(block.last, space.last)
        attention, bias = None, None
        if block.attention is not None and block.gate is not None:
            attention, bias = space.attention, block.attention.bias
            convolve(block.attention, attention)
            self._gate(block.gate, source[:, :, 1:-1], space)
        x = source[:, :, 2:, 2:]
        self.library.finish(
            space.last, block.last.bias, attention, bias, space.gate, x, _strides(x), target,
            _strides(target), space.scratch, SKIP, features, rows - 1, columns - 2,
        )  # fmt: skip
        clear_outside(target, top=top, left=left, height=height, width=width)

    def _gate(self, weight: Tensor, x: Tensor, space: CompiledSpace) -> None:
        """sigmoid(conv7x7([mean, max])) of x but for one block of rim."""
        planes, channels, rows, columns = x.shape
        pooled = part(space.pooled, planes, 2, rows, columns)
        self.library.pool(x, _strides(x), pooled, channels, rows, columns)
        inner, gate = pooled[:, :, 1:, 1:], part(space.gate, planes, 1, rows - 2, columns - 2)
        self.library.convolve(
            inner, _strides(inner), weight, _NO_BIAS, gate, _strides(gate), *weight.shape[:3], *gate.shape[2:]
        )
        gate.sigmoid_()


_NO_BIAS = torch.zeros(1, dtype=torch.float32, device="cpu")


def _strides(planes: Tensor) -> ctypes.Array[ctypes.c_int64]:
    assert planes.stride(3) == 1
    return Strides(*planes.stride()[:3])


def _inside(rows: int, columns: int, *, top: int, left: int, height: int, width: int) -> Inside:
    """Where the image lies in a tile that begins at a block of it."""

    def last(first: int, blocks: int, pixels: int) -> ctypes.Array[ctypes.c_int]:
        ends = (blocks_inside(pixels, offset) - first for offset in range(OUTPUTS))
        return (ctypes.c_int * OUTPUTS)(*(min(max(end, 0), blocks) for end in ends))

    return Inside(max(-left, 0), last(top, rows, height), last(left, columns, width))
