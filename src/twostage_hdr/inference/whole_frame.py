"""What the whole photograph adds to rows: a look at it first, context or whole frame, then band by band."""

from collections.abc import Iterator
from itertools import product
from typing import Literal, TypeAlias

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt
from torch import Tensor

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.pixel_arrays import row_bands
from twostage_hdr.inference.tiled import encoded, window
from twostage_hdr.networks.frame_thumbnail import BINS, CHANNELS, Thumbnail, area_matrix, area_means, area_sums
from twostage_hdr.networks.light_map import QUANTILES, uncertainty_rows
from twostage_hdr.networks.two_stage_context import CELL, ContextGain, clipping_weight
from twostage_hdr.networks.two_stage_whole_frame import KnownResponse, TwoStageWholeFrameNetwork, with_own_blacks

Response: TypeAlias = Literal["declared", "estimated"] | float
"""How a photograph is encoded: as it says (sRGB once it is read), to be estimated, or a gamma."""

LOWEST_GAMMA, HIGHEST_GAMMA = 1.0, 4.0
BAND_ROWS, BAND_PIXELS = 128, 1 << 16
"""Rows of the photograph that are looked at at once, and pixels: very wide photographs get lower bands."""


def low_bands(height: int, width: int) -> Iterator[slice]:
    """All rows in bands that bound what is held beside them: some 200 bytes a pixel."""
    return row_bands(height, min(BAND_ROWS, max(BAND_PIXELS // width, 1)))


def parse_response(text: str | float) -> Response:
    """`declared`, `estimated` or a gamma.

    Raises:
        InputError: something else.
    """
    if text in ("declared", "estimated"):
        return text  # type: ignore[return-value]
    try:
        gamma = float(text)
    except ValueError:
        gamma = float("nan")
    if not LOWEST_GAMMA <= gamma <= HIGHEST_GAMMA:
        raise InputError(
            f"response {text}", f"expected declared, estimated or a gamma from {LOWEST_GAMMA:g} to {HIGHEST_GAMMA:g}"
        )
    return gamma


def check_lights(lights: float | None) -> float | None:
    """A quantile that the network knows.

    Raises:
        InputError: one that it does not.
    """
    if lights is not None and not QUANTILES[0] <= lights <= QUANTILES[-1]:
        raise InputError(f"lights {lights:g}", f"expected a quantile from {QUANTILES[0]:g} to {QUANTILES[-1]:g}")
    return lights


TILE = 96
"""Side of a tile of the map, cells: 140 with its halo, so 5 MiB of features in each of a few copies."""


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
        bands = (pixels[band] for band in row_bands(pixels.shape[0], BAND_ROWS))
        with torch.inference_mode():
            cells = torch.cat([context.cells(encoded(band, table, device=device)) for band in bands], 2)
            whole[:, *part] = context.map_of(cells)[0][:, *inner]
    return whole


class WholeFrameRows:
    """What a look at a photograph says, applied to the two stages' rows as they come: equal to the whole image's.

    Args:
        network: the whole-frame network, on its device.
        ldr: the photograph, full range of its type.
        response: how it is encoded.
        lights: quantile of the light of what is clipped; None for the network's own choice.
    """

    def __init__(
        self,
        network: TwoStageWholeFrameNetwork,
        ldr: UInt[np.ndarray, "height width 3"],
        *,
        response: Response = "declared",
        lights: float | None = None,
    ) -> None:
        self.network, self.ldr, self.lights = network, ldr, check_lights(lights)
        self.device = next(network.parameters()).device
        known: KnownResponse = "srgb" if response == "declared" else response
        with torch.inference_mode():
            self.view = network.look(thumbnail_of(ldr, self.device), known)
            levels = torch.linspace(0, 1, np.iinfo(ldr.dtype).max + 1, device=self.device)
            # What the two stages see of each level of the photograph: its light as gamma 2.24 encodes it.
            self.table = self.view.curve.encoded(levels.expand(1, 3, 1, -1))[0, 0, 0].cpu().numpy()

    def applied(self, top: int, band: Float[np.ndarray, "rows width 3"]) -> Float[np.ndarray, "rows width 3"]:
        """The two stages' rows from `top` on with the light of what is clipped in them."""
        bottom = top + band.shape[0]
        frame = self._frame(top, bottom)
        with torch.inference_mode(), torch.autocast(self.device.type, enabled=False):
            hdr = torch.from_numpy(band).to(self.device).permute(2, 0, 1)[None]
            if self.view.own_blacks:
                hdr = with_own_blacks(hdr, encoded(self.ldr[top:bottom], self.table, device=self.device))
            lit = self.network.lit(hdr, frame, self.view, self.lights, top=top, height=self.ldr.shape[0])
        return lit[0].permute(1, 2, 0).cpu().numpy()

    def uncertainty(self, top: int, bottom: int) -> Float[np.ndarray, "rows width"]:
        """Stops between the 10 and the 90 % quantile of the light of the rows; 0 where nothing is clipped."""
        frame = self._frame(top, bottom)
        with torch.inference_mode(), torch.autocast(self.device.type, enabled=False):
            return uncertainty_rows(self.view.interval, frame, top=top, height=self.ldr.shape[0])[0, 0].cpu().numpy()

    def _frame(self, top: int, bottom: int) -> Tensor:
        return encoded(self.ldr[top:bottom], device=self.device)


def thumbnail_of(ldr: UInt[np.ndarray, "height width 3"], device: torch.device) -> Thumbnail:
    """`frame_thumbnail.thumbnail` of a photograph of any size, in bounded memory.

    Args:
        ldr: full range of its type.
        device: of the thumbnail.
    """
    height, width = ldr.shape[:2]
    like = torch.empty(0, device=device)
    rows, columns = area_matrix(height, height, width, like), area_matrix(width, height, width, like)
    levels = np.iinfo(ldr.dtype).max
    counts = np.zeros((3, levels + 1))
    sums = torch.zeros(1, CHANNELS, len(rows), len(columns), device=device)
    for part in low_bands(height, width):
        band, weights = ldr[part], rows[:, part]
        hit = weights.any(1).nonzero()[:, 0]  # few rows of cells lie in a band
        with torch.inference_mode():
            sums[:, :, hit] += area_sums(encoded(band, device=device), weights[hit], columns)
        for channel in range(3):
            counts[channel] += np.bincount(band[..., channel].ravel(), minlength=levels + 1)
    return Thumbnail(area_means(sums), _memberships(counts / (height * width)).to(device))


def _memberships(shares: Float[np.ndarray, "3 levels"]) -> Float[Tensor, "1 bins"]:
    """`frame_thumbnail.histogram` from the share of the pixels at each level."""
    place = np.linspace(0, BINS - 1, shares.shape[1])
    left = np.minimum(place.astype(int), BINS - 2)
    histogram = np.zeros((3, BINS))
    for channel in range(3):
        np.add.at(histogram[channel], left, shares[channel] * (1 - (place - left)))
        np.add.at(histogram[channel], left + 1, shares[channel] * (place - left))
    return torch.from_numpy(histogram.astype(np.float32)).reshape(1, -1)
