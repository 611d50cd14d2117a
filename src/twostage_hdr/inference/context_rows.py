"""The context's gains on a stream of rows: a coarse map of the whole photograph first, then band by band."""

from itertools import product

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt
from torch import Tensor

from twostage_hdr.inference.tiled import encoded, window
from twostage_hdr.networks.two_stage_context import CELL, ContextGain, clipping_weight

TILE = 96
"""Side of a tile of the map, cells: 140 with its halo, so 50 MiB of features."""


class ContextRows:
    """Multiplies the two-stage network's rows as they come; equal to the whole image's gains.

    Only the map, 1/64 of the pixels, is held for the whole photograph.

    Args:
        context: the gains' network, on its device.
        ldr: the photograph, full range of its type.
        tile: side of a tile of the map, cells.
        table: what each level of the photograph is encoded as; None for its own share of the full range.
    """

    def __init__(
        self,
        context: ContextGain,
        ldr: UInt[np.ndarray, "height width 3"],
        *,
        tile: int = TILE,
        table: Float[np.ndarray, " levels"] | None = None,
    ) -> None:
        self.ldr, self.table = ldr, table
        self.map = log_gain_map(context, ldr, tile=tile, table=table)

    def applied(self, top: int, band: Float[np.ndarray, "rows width 3"]) -> Float[np.ndarray, "rows width 3"]:
        """The encoded rows from `top` on, times their gains."""
        bottom = top + band.shape[0]
        # A pixel lies between the centres of two cells: its own and the next above or below.
        first, last = max(top // CELL - 1, 0), (bottom - 1) // CELL + 2
        cells = self.map[None, :, first:last]
        with torch.inference_mode():
            fine = F.interpolate(cells, scale_factor=CELL, mode="bilinear")[0]
            begin = top - first * CELL
            log_gain = fine[:, begin : begin + bottom - top, : self.ldr.shape[1]]
            gains = torch.exp(clipping_weight(encoded(self.ldr[top:bottom], self.table)[0]) * log_gain)
            return band * gains.permute(1, 2, 0).numpy()


def log_gain_map(
    context: ContextGain,
    ldr: UInt[np.ndarray, "height width 3"],
    *,
    tile: int = TILE,
    table: Float[np.ndarray, " levels"] | None = None,
) -> Float[Tensor, "3 rows columns"]:
    """`ContextGain.map` of a photograph of any size, in bounded memory; on the CPU.

    Args:
        context: the gains' network, on its device.
        ldr: full range of its type.
        tile: side of a tile, cells.
        table: see `ContextRows`.
    """
    device, halo = context.conv_in.weight.device, context.receptive_cells
    height, width = (-(-side // CELL) for side in ldr.shape[:2])
    whole = torch.empty(3, height, width, dtype=torch.float32, device="cpu")
    for top, left in product(range(0, height, tile), range(0, width, tile)):
        part = slice(top, min(top + tile, height)), slice(left, min(left + tile, width))
        (rows, columns), inner = window(part, halo)
        pixels = ldr[rows.start * CELL : rows.stop * CELL, columns.start * CELL : columns.stop * CELL]
        with torch.inference_mode():
            whole[:, *part] = context.map(encoded(pixels, table, device=device))[0][:, *inner]
    return whole
