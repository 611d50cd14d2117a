"""One stage over an image that arrives in bands of rows, without a halo to compute twice between its blocks."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor

from twostage_hdr.inference.winograd.grid import HaloBuffer, Span, StreamGrid
from twostage_hdr.inference.winograd.layout import PLANES, clear_outside, gather_patches, patch_planes
from twostage_hdr.inference.winograd.tile import Workspace, rdab_tile
from twostage_hdr.inference.winograd.transforms import OUTPUTS, PATCH
from twostage_hdr.inference.winograd.weights import DENSE_CONVS, WinogradWeights, bias_of, transform_weights
from twostage_hdr.networks.stage import Stage

BLOCK_RIM = 2
"""Blocks of 4x4 pixels that an RDAB reads around a tile: 5 pixels."""

RunAll: TypeAlias = Callable[[Sequence[Callable[[Workspace], None]]], object]
"""Runs pieces of work, in parallel, each by one worker, and returns when all are done."""


class BlockStream:
    """An RDAB on bands of rows: waiting rows of its input, and the last line of x1..x4 above them.

    Args:
        block: transformed weights.
        grid: the image and its tiles.
        capacity: rows of blocks that may wait at a time.
    """

    def __init__(self, block: WinogradWeights, *, grid: StreamGrid, capacity: int) -> None:
        self.block, self.grid = block, grid
        self.source = HaloBuffer(channels=block.features, spans=grid.spans, rim=BLOCK_RIM, capacity=capacity)
        self._above = [
            block.input.new_zeros(DENSE_CONVS, OUTPUTS, block.growth, span.columns + 2) for span in grid.spans
        ]

    def tile(self, target: Tensor, span: Span, space: Workspace) -> None:
        """The RDAB's next rows of one span; target is (16, features, rows, columns)."""
        rdab_tile(
            self.block,
            space,
            top=self.source.top,
            left=span.left,
            source=self.source.window(span, target.shape[2]),
            target=target,
            above=self._above[span.number],
            height=self.grid.height,
            width=self.grid.width,
        )

    def tile_into(self, following: HaloBuffer, span: Span, rows: int, space: Workspace) -> None:
        """The same into the buffer of the block that follows."""
        self.tile(following.room(span, rows), span, space)
        following.share(span, rows)


class StreamedStage:
    """conv3x3, RDABs, conv1x1, + input, ReLU, on bands of blocks.

    Args:
        stage: the network; its weights are transformed here once.
        dtype: of the matrix products in the RDABs; everything else is float32.
    """

    def __init__(self, stage: Stage, *, dtype: torch.dtype) -> None:
        self.blocks: list[WinogradWeights] = [transform_weights(block, dtype=dtype) for block in stage.blocks]
        self.features = stage.conv_in.out_channels
        self.head_weight = _head_of_lines(stage.conv_in.weight.detach().float())  # (4 features, 3 * 6 * 3)
        self.head_bias = bias_of(stage.conv_in).float().repeat(OUTPUTS)[:, None]
        self.tail_weight = stage.conv_out.weight.detach().float()[:, :, 0, 0]
        self.tail_bias = bias_of(stage.conv_out).float()[:, None, None]

    def bands(self, images: Iterable[Tensor], grid: StreamGrid, run_all: RunAll) -> Iterator[Tensor]:
        """Bands (16, 3, rows, columns) of the output for bands of the input, top to bottom, not of the same heights."""
        capacity = max(grid.tile_rows, BLOCK_RIM)  # rows go all the way before others follow
        image = HaloBuffer(channels=3, spans=grid.spans, rim=1, capacity=capacity)
        blocks = [BlockStream(block, grid=grid, capacity=capacity) for block in self.blocks]
        skip: list[Tensor] = []  # the input's rows that the output has not reached yet
        for band in (piece for image_band in images for piece in image_band.split(grid.tile_rows, dim=2)):
            skip.append(band)
            for span in grid.spans:
                image.room(span, band.shape[2]).copy_(band[..., span.left : span.left + span.columns])
                image.share(span, band.shape[2])
            image.append(band.shape[2])
            yield from self._advance(image, blocks, skip, grid, run_all)
        image.close()
        yield from self._advance(image, blocks, skip, grid, run_all, last=True)

    def _advance(
        self,
        image: HaloBuffer,
        blocks: list[BlockStream],
        skip: list[Tensor],
        grid: StreamGrid,
        run_all: RunAll,
        *,
        last: bool = False,
    ) -> Iterator[Tensor]:
        """Everything that can be computed from the rows that have arrived."""
        if rows := image.ready:
            run_all([partial(self._head, image, blocks[0].source, span, rows, grid) for span in grid.spans])
            blocks[0].source.append(rows)
            image.drop(rows)
        yield from self._drain(blocks, skip, grid, run_all)
        for number, block in enumerate(blocks if last else []):
            block.source.close()
            yield from self._drain(blocks[number:], skip, grid, run_all)

    def _drain(
        self, blocks: list[BlockStream], skip: list[Tensor], grid: StreamGrid, run_all: RunAll
    ) -> Iterator[Tensor]:
        """All rows that the first of the blocks can produce, a band at a time through those that follow."""
        block, *others = blocks
        while ready := block.source.ready:
            rows = min(ready, grid.tile_rows)
            if others:
                following = others[0].source
                run_all([partial(block.tile_into, following, span, rows) for span in grid.spans])
                following.append(rows)
            else:
                band = _take(skip, rows)
                run_all([partial(self._last_block, block, band, span) for span in grid.spans])
                yield band
            block.source.drop(rows)
            if others:
                yield from self._drain(others, skip, grid, run_all)

    def _head(
        self, image: HaloBuffer, target: HaloBuffer, span: Span, rows: int, grid: StreamGrid, _: Workspace
    ) -> None:
        """conv3x3 (3 -> features) as one matrix product from patches to blocks."""
        stored = self.head_weight.new_empty(PATCH * PATCH, 3, rows, span.columns)
        gather_patches(image.window(span, rows), stored, top=1, left=1)
        patches = torch.empty_like(stored)
        patches[patch_planes()] = stored
        lines = patches.view(PATCH, -1, rows * span.columns)  # the six rows of the patches
        room = target.room(span, rows)
        for line in range(OUTPUTS):
            result = torch.addmm(self.head_bias, self.head_weight, lines[line : line + 3].flatten(0, 1))
            blocks = slice(OUTPUTS * line, OUTPUTS * (line + 1))
            room[blocks] = result.view(OUTPUTS, self.features, rows, span.columns)
        clear_outside(room, top=image.top, left=span.left, height=grid.height, width=grid.width)
        target.share(span, rows)

    def _last_block(self, block: BlockStream, band: Tensor, span: Span, space: Workspace) -> None:
        """The last RDAB, then conv1x1 (features -> 3), + input, ReLU while the tile is in cache.

        band holds the input's rows, (16, 3, rows, columns), and then the output's.
        """
        rows, grid = band.shape[2], block.grid
        features = space.features[: PLANES * self.features * rows * span.columns]
        features = features.view(PLANES, self.features, rows, span.columns)
        block.tile(features, span, space)
        result = torch.matmul(self.tail_weight, features.flatten(2)).view(PLANES, 3, rows, span.columns)
        part = band[..., span.left : span.left + span.columns]
        part.add_(result.add_(self.tail_bias)).relu_()
        clear_outside(part, top=block.source.top, left=span.left, height=grid.height, width=grid.width)


def _take(waiting: list[Tensor], rows: int) -> Tensor:
    """The first rows of what waits, (16, 3, rows, columns)."""
    image = torch.cat(waiting, 2) if len(waiting) > 1 else waiting[0]
    waiting[:] = [image[:, :, rows:]]
    return image[:, :, :rows].clone()


def _head_of_lines(weight: Tensor) -> Tensor:
    """(features, 3, 3, 3) as a matrix from three rows of a patch (3 * 6 * 3) to four pixels in a row (4 * features)."""
    features = weight.shape[0]
    matrix = weight.new_zeros(OUTPUTS, features, 3, PATCH, 3)
    for pixel in range(OUTPUTS):
        matrix[pixel, :, :, pixel : pixel + 3] = weight.permute(0, 2, 3, 1)
    return matrix.view(OUTPUTS * features, -1)
