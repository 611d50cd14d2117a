"""Exact tiles for any network without a global operation: the whole image's result, in bounded memory.

A network that zero-pads in every layer treats the border of a tile as the border of an image. So a tile's input takes
a halo of the receptive radius on the sides that lie inside the image, and ends where the image ends on the others: the
zeros then lie exactly where they lie for the whole image.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import product
from threading import local
from typing import TypeAlias, TypeVar

import numpy as np
import torch
from jaxtyping import Float, UInt
from torch import Tensor, nn

from twostage_hdr.inference.hardware import without_tf32
from twostage_hdr.radiometry.exposure_stack import ExposureStack

Own = TypeVar("Own")


@contextmanager
def worker_pool(
    own: Sequence[Own], *, initializer: Callable[[], object] | None = None
) -> Iterator[Callable[[Sequence[Callable[[Own], None]]], object]]:
    """Gives a function that runs pieces of work in parallel, in inference mode, and returns when all are done.

    Args:
        own: one thing for each worker, given to the pieces of work that it does.
        initializer: called in each thread at its start.
    """
    things, mine = iter(own), local()

    def begin() -> None:
        mine.thing = next(things)
        if initializer is not None:
            initializer()

    def run_one(work: Callable[[Own], None]) -> None:
        with torch.inference_mode():
            work(mine.thing)

    with ThreadPoolExecutor(len(own), initializer=begin) as pool:
        yield lambda works: [None for _ in pool.map(run_one, works)]


Part: TypeAlias = tuple[slice, slice]
"""Rows and columns of a rectangle, with their ends."""


def window(part: Part, radius: int) -> tuple[Part, Part]:
    """What a network of that radius has to see for a part of its output; and where the part lies in the result."""
    rows, columns = part
    up, before = max(rows.start - radius, 0), max(columns.start - radius, 0)
    seen = slice(up, rows.stop + radius), slice(before, columns.stop + radius)
    return seen, (slice(rows.start - up, rows.stop - up), slice(columns.start - before, columns.stop - before))


def encoded_rows(
    ldr: UInt[np.ndarray, "height width 3"], table: Float[np.ndarray, " levels"] | None = None
) -> Float[np.ndarray, "height width 3"]:
    """Pixels of 8 or 16 bits as encoded values in [0, 1]: value / largest, or the table's."""
    if table is not None:
        return table[ldr]
    return ldr.astype(np.float32) / np.float32(np.iinfo(ldr.dtype).max)


def encoded(
    ldr: UInt[np.ndarray, "height width 3"],
    table: Float[np.ndarray, " levels"] | None = None,
    *,
    device: torch.device | str = "cpu",
) -> Float[Tensor, "1 3 height width"]:
    """Pixels of 8 or 16 bits as an encoded image in [0, 1] on a device, see `encoded_rows`."""
    if torch.device(device).type == "cpu":
        return torch.from_numpy(encoded_rows(ldr, table)).permute(2, 0, 1)[None].contiguous()
    # Bytes travel as they are, a quarter of what numbers take; 16 bits as 32: not every device knows them unsigned.
    pixels = torch.from_numpy(np.ascontiguousarray(ldr, np.uint8 if ldr.dtype == np.uint8 else np.int32)).to(device)
    if table is not None:
        values = torch.from_numpy(table).to(device)[pixels.int()]
    else:
        values = pixels.float() / float(np.iinfo(ldr.dtype).max)
    return values.permute(2, 0, 1)[None]


def run_stack(network: nn.Module, stack: ExposureStack, *, device: torch.device) -> Float[Tensor, "3 height width"]:
    """A network of several shots on frames of any size, in exact tiles.

    Args:
        network: says its `receptive_radius`; put into evaluation mode and on the device.
        stack: (frames, 2, 3, H, W).
        device: where the network runs.

    Returns:
        The network's output on the CPU, encoded or linear as it is.
    """
    network.eval().to(device)
    radius, (height, width) = int(network.receptive_radius), stack.shape[-2:]  # type: ignore[arg-type]
    tile = 256  # side of a tile's output, pixels
    image = torch.empty(3, height, width)
    for top, left in product(range(0, height, tile), range(0, width, tile)):
        part = slice(top, min(top + tile, height)), slice(left, min(left + tile, width))
        seen, inner = window(part, radius)
        with torch.inference_mode(), without_tf32:
            image[:, *part] = network(stack[None, ..., *seen].to(device))[0].float().cpu()[:, *inner]
    return image


def tiled_rows(
    forwards: Sequence[tuple[Callable[[Tensor], Tensor], torch.device]],
    ldr: UInt[np.ndarray, "height width 3"],
    *,
    radius: int,
    tile: int,
    table: Float[np.ndarray, " levels"] | None = None,
) -> Iterator[tuple[int, Float[np.ndarray, "rows width 3"]]]:
    """The output's rows, top to bottom, tile by tile.

    Args:
        forwards: the network, (1, 3, h, w) in [0, 1] to (1, 3, h, w), any h, w >= 1, once for each device, with the
            device: they share the tiles of a band, each busy with one at a time.
        ldr: the photograph, full range of its type.
        radius: receptive radius of the network, pixels.
        tile: side of a tile's output, pixels.
        table: what the network sees of each level of the photograph; None for level / largest.

    Yields:
        Row at which the band begins, and the band.
    """
    height, width = ldr.shape[:2]

    def run_tile(band: np.ndarray, top: int, left: int, own: tuple[Callable[[Tensor], Tensor], torch.device]) -> None:
        forward, device = own
        columns = slice(left, min(left + tile, width))
        seen, inner = window((slice(top, top + len(band)), columns), radius)
        result = forward(encoded(ldr[seen], table, device=device))[0][:, *inner]
        torch.from_numpy(band)[:, columns].copy_(result.permute(1, 2, 0))

    # A GPU writes into pinned memory by itself, several times as fast; PyTorch keeps such memory for the next band.
    pinned = any(device.type == "cuda" for _, device in forwards)
    with worker_pool(forwards) as run_all:
        for top in range(0, height, tile):
            band = torch.empty(min(tile, height - top), width, 3, dtype=torch.float32, pin_memory=pinned).numpy()
            run_all([partial(run_tile, band, top, left) for left in range(0, width, tile)])
            yield top, band
