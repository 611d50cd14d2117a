"""The two-stage network, or one stage, as a stream of rows: exact, in cache, and bounded in memory."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from twostage_hdr.inference.tiled import encoded_rows, worker_pool
from twostage_hdr.inference.winograd.compiled import kernels
from twostage_hdr.inference.winograd.compiled_tile import CompiledTiles
from twostage_hdr.inference.winograd.grid import StreamGrid
from twostage_hdr.inference.winograd.layout import from_blocks, to_blocks
from twostage_hdr.inference.winograd.stage import BLOCK_RIM, StreamedStage, Tiles
from twostage_hdr.inference.winograd.tile import PyTorchTiles
from twostage_hdr.inference.winograd.transforms import OUTPUTS
from twostage_hdr.networks.rdab import channels_of
from twostage_hdr.networks.stage import Stage

TILE_ROWS, TILE_COLUMNS = 11, 38
"""Blocks of 4x4 pixels in a tile, a compromise: large ones repeat less of their rims, small ones stay in cache, and the
buffers between two blocks are as high as a tile and its rim."""
BAND_BYTES = 100 << 20
"""Largest buffer of features between two blocks, its rim included; very wide images get lower bands."""


@contextmanager
def one_thread() -> Iterator[None]:
    """PyTorch without its own threads, which would spin beside the workers."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class StreamedNetwork:
    """Rows in, rows out, on the CPU.

    Every worker is one thread with its own buffers and single-threaded matrix products: no barrier inside a tile.

    Args:
        stages: of the network, in their order, see `row_plan.paper_stages`.
        dtype: of the matrix products, float32 or bfloat16.
        workers: threads; None for as many as PyTorch uses.
        tile: side of a tile in pixels, rounded up to a multiple of four; None for the measured best.
    """

    def __init__(
        self,
        stages: Sequence[Stage],
        *,
        dtype: torch.dtype,
        workers: int | None = None,
        tile: int | None = None,
    ) -> None:
        self.workers = workers or torch.get_num_threads()
        self.tiles = fastest_tiles(stages, dtype)
        with one_thread():
            self.stages = [StreamedStage(stage, self.tiles) for stage in stages]
        self.features = max(stage.features for stage in self.stages)
        self.growth = max(block.growth for stage in self.stages for block in stage.blocks)
        self.tile = tile

    def grid(self, height: int, width: int) -> StreamGrid:
        """How an image of this size is cut."""
        if self.tile is not None:
            largest = -(-max(height, width) // OUTPUTS)
            rows = columns = max(min(-(-self.tile // OUTPUTS), largest), 1)
        else:
            row_bytes = 4 * self.features * OUTPUTS * width
            rows, columns = min(TILE_ROWS, max(BAND_BYTES // row_bytes - 2 * BLOCK_RIM, 4)), TILE_COLUMNS
        return StreamGrid(height=height, width=width, tile_rows=rows, tile_columns=columns, workers=self.workers)

    def rows(
        self, ldr: NDArray[np.uint8] | NDArray[np.uint16], table: NDArray[np.float32] | None = None
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """The output's rows, top to bottom.

        Args:
            ldr: (H, W, 3), full range of its type.
            table: what the network sees of each level of the photograph; None for level / largest.

        Yields:
            Row at which the band begins, and the band (rows, W, 3).
        """
        height, width = ldr.shape[:2]
        grid = self.grid(height, width)
        tile_rows, tile_columns = min(grid.tile_rows, grid.rows) + 1, max(span.columns for span in grid.spans) + 2
        spaces = [
            self.tiles.workspace(rows=tile_rows, columns=tile_columns, features=self.features, growth=self.growth)
            for _ in range(self.workers)
        ]
        step = grid.tile_rows * OUTPUTS
        bands: Iterator[Tensor] = (
            to_blocks(torch.from_numpy(encoded_rows(ldr[top : top + step], table))) for top in range(0, height, step)
        )
        top = 0
        with one_thread(), worker_pool(spaces, initializer=partial(torch.set_num_threads, 1)) as run_all:
            for stage in self.stages:
                bands = stage.bands(bands, grid, run_all)
            while top < height:
                with torch.inference_mode():
                    rows = from_blocks(next(bands), width)[: height - top]
                yield top, rows.numpy()
                top += rows.shape[0]


def fastest_tiles(stages: Sequence[Stage], dtype: torch.dtype) -> Tiles:
    """The compiled kernels where they can be had, else PyTorch's operations."""
    library = kernels(dtype, *(width for stage in stages for block in stage.blocks for width in channels_of(block)))
    return PyTorchTiles(dtype) if library is None else CompiledTiles(library, dtype)
