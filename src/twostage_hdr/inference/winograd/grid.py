"""How the streamed network cuts an image into tiles of columns and bands of rows, and buffers between blocks."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from torch import Tensor

from twostage_hdr.inference.winograd.layout import PLANES
from twostage_hdr.inference.winograd.tile import zeros_on_huge_pages
from twostage_hdr.inference.winograd.transforms import OUTPUTS


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
        self.tile_rows = tile_rows
        count = -(-self.columns // tile_columns)
        if count > 1:
            count += -count % workers
        count = max(min(count, self.columns // 2), 1)  # a tile's rim of two columns must come from one neighbour
        edges = [self.columns * index // count for index in range(count + 1)]
        self.spans = [Span(index, left, right - left) for index, (left, right) in enumerate(pairwise(edges))]
        """The tiles of a band, from left to right, all about equally wide."""


class HaloBuffer:
    """A window of rows of blocks, with a rim of zeros around the image.

    The producer writes the `room` of every span, `share`s its edges with the neighbours and `append`s the rows; the
    consumer takes rows that have `rim` rows on both sides (`ready`, `window`) and `drop`s them.

    Every span lies in memory by itself, rows outermost and its neighbours' edges beside its own columns, so that a tile
    is one run of memory: the buffer as a whole is larger than the caches.

    Args:
        channels: of the features.
        spans: columns of the tiles, at least `rim` columns each unless there is only one.
        rim: blocks that the consumer reads on each side.
        capacity: rows that may wait at a time, without the rim.
    """

    def __init__(self, *, channels: int, spans: Sequence[Span], rim: int, capacity: int) -> None:
        self.rim = rim
        shapes = [(capacity + 2 * rim, PLANES, channels, span.columns + 2 * rim) for span in spans]
        sizes = [math.prod(shape) for shape in shapes]
        memory = zeros_on_huge_pages(sum(sizes)).split(sizes)  # at once: pieces of it would never be given back
        self._spans = [part.view(shape).permute(1, 2, 0, 3) for part, shape in zip(memory, shapes, strict=True)]
        self.top = 0
        """Row of the image that the next window begins at."""
        self._filled = rim  # rows in use; the first `rim` lie above `top`

    def room(self, span: Span, rows: int) -> Tensor:
        """The next rows, (16, channels, rows, columns), for the producer to write."""
        return self._spans[span.number][:, :, self._filled : self._filled + rows, self.rim : self.rim + span.columns]

    def share(self, span: Span, rows: int) -> None:
        """The producer has written a span's room: copy its edges beside the neighbours."""
        room, new = self.room(span, rows), slice(self._filled, self._filled + rows)
        for column in range(self.rim):  # one by one: a copy of many runs of two values is slow
            if span.number > 0:
                self._spans[span.number - 1][:, :, new, column - self.rim] = room[..., column]
            if span.number + 1 < len(self._spans):
                self._spans[span.number + 1][:, :, new, column] = room[..., column - self.rim]

    def append(self, rows: int) -> None:
        """The producer has written so many rows of every span."""
        self._filled += rows

    def close(self) -> None:
        """No row follows: the rim below the image is zeros."""
        for planes in self._spans:
            planes[:, :, self._filled : self._filled + self.rim].zero_()
        self._filled += self.rim

    @property
    def ready(self) -> int:
        """Rows that the consumer can produce now."""
        return max(self._filled - 2 * self.rim, 0)

    def window(self, span: Span, rows: int) -> Tensor:
        """A span's next rows with the rim, (16, channels, rows + 2 rim, columns + 2 rim)."""
        return self._spans[span.number][:, :, : rows + 2 * self.rim]

    def drop(self, rows: int) -> None:
        """The consumer is done with so many rows."""
        kept = self._filled - rows
        for planes in self._spans:
            for start in range(0, kept, rows):  # in steps: source and target of one copy must not overlap
                stop = min(start + rows, kept)
                planes[:, :, start:stop].copy_(planes[:, :, start + rows : stop + rows])
        self._filled, self.top = kept, self.top + rows
