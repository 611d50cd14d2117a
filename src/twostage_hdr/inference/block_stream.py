"""One RDAB of the streamed network with what it remembers from the band before."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from torch import Tensor

from twostage_hdr.inference.folded import DENSE_CONVS, FoldedBlock
from twostage_hdr.inference.row_buffer import RowBuffer
from twostage_hdr.inference.stream_grid import Span, StreamGrid
from twostage_hdr.inference.winograd import OUTPUTS
from twostage_hdr.inference.winograd_block import Tile, Workspace, rdab_tile

BLOCK_RIM = 2
"""Blocks of 4x4 pixels that an RDAB reads around a tile: 5 pixels."""

Work: TypeAlias = Callable[[Workspace], None]
"""A piece of work for one worker."""
RunAll: TypeAlias = Callable[[Sequence[Work]], None]
"""Runs pieces of work, in parallel, and returns when all are done."""


class BlockStream:
    """An RDAB on bands of rows: waiting rows of its input, and the last line of x1..x4 above them.

    Args:
        block: folded weights.
        grid: the image and its tiles.
        capacity: rows of blocks that may wait at a time.
    """

    def __init__(self, block: FoldedBlock, *, grid: StreamGrid, capacity: int) -> None:
        self.block, self.grid = block, grid
        self.source = RowBuffer(channels=block.features, spans=grid.spans, rim=BLOCK_RIM, capacity=capacity)
        self._above = [
            block.input.new_zeros(DENSE_CONVS, OUTPUTS, block.growth, span.columns + 2) for span in grid.spans
        ]

    def tile(self, target: Tensor, span: Span, space: Workspace) -> None:
        """The RDAB's next rows of one span; target is (16, features, rows, columns)."""
        tile = Tile(top=self.source.top, left=span.left, rows=target.shape[2], columns=span.columns)
        rdab_tile(
            self.block,
            space,
            tile,
            source=self.source.window(span, tile.rows),
            target=target,
            above=self._above[span.number],
            height=self.grid.height,
            width=self.grid.width,
        )

    def tile_into(self, following: RowBuffer, span: Span, rows: int, space: Workspace) -> None:
        """The same into the buffer of the block that follows."""
        self.tile(following.room(span, rows), span, space)
        following.share(span, rows)
