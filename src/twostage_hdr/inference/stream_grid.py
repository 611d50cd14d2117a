"""How the streamed network cuts an image: in columns that stay in memory, and in bands of rows that pass through."""

from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from twostage_hdr.inference.winograd import OUTPUTS


class Span(NamedTuple):
    """The columns of blocks of one tile."""

    number: int
    left: int
    """First column of blocks in the image."""
    columns: int


class StreamGrid:
    """The image and its tiles.

    Args:
        height: of the image, pixels.
        width: of the image, pixels.
        tile_rows: blocks of 4x4 pixels in a tile, at most.
        tile_columns: blocks of 4x4 pixels in a tile, at most (but a tile has 2 columns at least, if the image has).
        workers: that share the tiles of a band: where there are several tiles, each worker gets as many.
    """

    def __init__(self, *, height: int, width: int, tile_rows: int, tile_columns: int, workers: int = 1) -> None:
        self.height, self.width = height, width
        self.rows, self.columns = -(-height // OUTPUTS), -(-width // OUTPUTS)
        self.tile_rows, self._tile_columns, self._workers = tile_rows, tile_columns, workers

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """The tiles of a band, from left to right, all about equally wide."""
        count = -(-self.columns // self._tile_columns)
        if count > 1:
            count += -count % self._workers
        count = max(min(count, self.columns // 2), 1)  # a tile's rim of two columns must come from one neighbour
        edges = [self.columns * index // count for index in range(count + 1)]
        return tuple(Span(index, left, right - left) for index, (left, right) in enumerate(pairwise(edges)))
