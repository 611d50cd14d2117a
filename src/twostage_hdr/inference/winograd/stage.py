"""One stage over an image that arrives in bands of rows, without a halo to compute twice between its blocks."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol, TypeAlias, runtime_checkable

import torch
from torch import Tensor, nn

from twostage_hdr.inference.winograd.grid import HaloBuffer, Span, StreamGrid
from twostage_hdr.inference.winograd.layout import PLANES, clear_outside
from twostage_hdr.inference.winograd.tile import Tile
from twostage_hdr.inference.winograd.weights import WinogradWeights, bias_of
from twostage_hdr.networks.stage import Stage

BLOCK_RIM = 2
"""Blocks of 4x4 pixels that an RDAB reads around a tile: 5 pixels."""


@runtime_checkable
class Buffers(Protocol):
    """What a worker allocates once."""

    features: Tensor
    """Room for a tile of x in float32, that the tiles leave alone."""


@runtime_checkable
class Tiles(Protocol):
    """What computes RDABs on tiles; `tile.PyTorchTiles` says what each of these is."""

    def weights(self, block: nn.Module) -> WinogradWeights: ...  # noqa: D102

    def head_weight(self, conv: nn.Conv2d) -> Tensor: ...  # noqa: D102

    def head(self, weight: Tensor, bias: Tensor, source: Tensor, target: Tensor) -> None: ...  # noqa: D102

    def workspace(self, *, rows: int, columns: int, features: int, growth: int) -> Buffers: ...  # noqa: D102

    def lines(self, block: WinogradWeights, columns: int) -> Tensor: ...  # noqa: D102

    def run(self, block: WinogradWeights, space: Any, tile: Tile) -> None: ...  # noqa: D102


RunAll: TypeAlias = Callable[[Sequence[Callable[[Buffers], None]]], object]
"""Runs pieces of work, in parallel, each by one worker, and returns when all are done."""


class BlockStream:
    """An RDAB on bands of rows: waiting rows of its input, and the last line of x1..x4 above them.

    Args:
        block: transformed weights.
        tiles: what computes them.
        grid: the image and its tiles.
        capacity: rows of blocks that may wait at a time.
    """

    def __init__(self, block: WinogradWeights, tiles: Tiles, *, grid: StreamGrid, capacity: int) -> None:
        self.block, self.tiles, self.grid = block, tiles, grid
        self.source = HaloBuffer(channels=block.features, spans=grid.spans, rim=BLOCK_RIM, capacity=capacity)
        self._above = [tiles.lines(block, span.columns + 2) for span in grid.spans]

    def tile(self, target: Tensor, span: Span, space: Buffers) -> None:
        """The RDAB's next rows of one span; target is (16, features, rows, columns)."""
        tile = Tile(
            top=self.source.top,
            left=span.left,
            source=self.source.window(span, target.shape[2]),
            target=target,
            above=self._above[span.number],
            height=self.grid.height,
            width=self.grid.width,
        )
        self.tiles.run(self.block, space, tile)

    def tile_into(self, following: HaloBuffer, span: Span, rows: int, space: Buffers) -> None:
        """The same into the buffer of the block that follows."""
        self.tile(following.room(span, rows), span, space)
        following.share(span, rows)


class StreamedStage:
    """conv3x3, RDABs, conv1x1, + input, ReLU, on bands of blocks.

    Args:
        stage: the network; its weights are transformed here once.
        tiles: what computes the RDABs; everything else is float32.
    """

    def __init__(self, stage: Stage, tiles: Tiles) -> None:
        self.tiles = tiles
        self.blocks = [tiles.weights(block) for block in stage.blocks]
        self.features = stage.conv_in.out_channels
        self.head_weight = tiles.head_weight(stage.conv_in)
        self.head_bias = bias_of(stage.conv_in).float()
        self.tail_weight = stage.conv_out.weight.detach().float()[:, :, 0, 0]
        self.tail_bias = bias_of(stage.conv_out).float()[:, None, None]

    def bands(self, images: Iterable[Tensor], grid: StreamGrid, run_all: RunAll) -> Iterator[Tensor]:
        """Bands (16, 3, rows, columns) of the output for bands of the input, top to bottom, not of the same heights."""
        capacity = max(grid.tile_rows, BLOCK_RIM)  # rows go all the way before others follow
        image = HaloBuffer(channels=3, spans=grid.spans, rim=1, capacity=capacity)
        blocks = [BlockStream(block, self.tiles, grid=grid, capacity=capacity) for block in self.blocks]
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

    def _head(self, image: HaloBuffer, target: HaloBuffer, span: Span, rows: int, grid: StreamGrid, _: Buffers) -> None:
        """conv3x3 (3 -> features)."""
        room = target.room(span, rows)
        self.tiles.head(self.head_weight, self.head_bias, image.window(span, rows), room)
        clear_outside(room, top=image.top, left=span.left, height=grid.height, width=grid.width)
        target.share(span, rows)

    def _last_block(self, block: BlockStream, band: Tensor, span: Span, space: Buffers) -> None:
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
