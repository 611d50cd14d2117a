"""One way to run any image network: the fast exact stream where there is one, exact tiles, or the whole image."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from functools import partial
from typing import TypeAlias

import numpy as np
import torch
from jaxtyping import Float, UInt
from torch import Tensor, nn

from twostage_hdr.errors import InputError
from twostage_hdr.inference.hardware import choose_precision, find_device, without_tf32
from twostage_hdr.inference.split.network import SplitNetwork
from twostage_hdr.inference.tiled import Part, tiled_rows, window
from twostage_hdr.inference.whole_frame import ContextRows, Response, WholeFrameRows, low_bands
from twostage_hdr.inference.winograd.network import StreamedNetwork
from twostage_hdr.networks.hyper_parameters import to_channels_last
from twostage_hdr.networks.row_plan import paper_stages, row_plan
from twostage_hdr.networks.stage import Stage


def mixed_forward(network: nn.Module, image: Float[Tensor, "batch 3 height width"]) -> Tensor:
    """The forward in bfloat16: the stages with their first and last layers in float32, other networks by autocast.

    A `SplitNetwork` is that already.
    """
    if isinstance(network, SplitNetwork):
        result: Tensor = network(image)
        return result
    if stages := paper_stages(network):
        for stage in stages:
            image = _stage(stage, image)
        return image
    with torch.autocast(image.device.type, dtype=torch.bfloat16):
        output: Tensor = network(image)
    return output


def _stage(stage: Stage, image: Tensor) -> Tensor:
    kind = image.device.type
    with torch.autocast(kind, enabled=False):
        features = stage.conv_in(image)
    with torch.autocast(kind, dtype=torch.bfloat16):
        features = stage.blocks(features)
    with torch.autocast(kind, enabled=False):
        return torch.relu(stage.conv_out(features.float()) + image)


Rows: TypeAlias = Iterator[tuple[int, Float[np.ndarray, "rows width 3"]]]
"""Row at which a band begins, and the band: the network's output as it is, encoded or linear."""

TILE_PIXELS = 256
"""Side of a tile of the networks that are not streamed: a compromise of halo and memory."""
BYTES_PER_PIXEL = 4000
"""Of the two stages' features in float32 while a tile is computed, with what cuDNN takes beside them."""


def tile_side(device: torch.device) -> int:
    """Side of a tile by default, pixels: on a GPU what fits into half of its free memory, 4,096 at most."""
    if device.type != "cuda":
        return TILE_PIXELS
    free, _ = torch.cuda.mem_get_info(device)
    return max(TILE_PIXELS, min(4096, int((free / 2 / BYTES_PER_PIXEL) ** 0.5)))


class Engine:
    """A network on a device, or on several, for photographs of any size.

    On one CPU the two-stage network and its stages are streamed (`StreamedNetwork`), on GPUs in bfloat16 their products
    are made wide (`SplitNetwork`). There, and for other networks that know their `receptive_radius`, the image is cut
    into exact tiles (`tiled_rows`); those that see the whole image run on the whole image.
    A context's gains (`ContextRows`) are multiplied on the rows of the two stages inside its network; the whole-frame
    variant's look comes first, and its light is put into their rows (`WholeFrameRows`).

    Args:
        network: any image network, (B, 3, H, W) in [0, 1] to (B, 3, H, W).
        device: "auto" (CUDA if there is one), a PyTorch device, or several, comma-separated, that share the tiles: each
            holds the network.
        precision: of the matrix products; "auto" takes bf16 where the hardware computes in it.
        tile: side of a tile's output, pixels; None for the default of the machine.

    Raises:
        InputError: a device, precision or tile that cannot be used.
    """

    def __init__(
        self, *, network: nn.Module, device: str = "auto", precision: str = "fp32", tile: int | None = None
    ) -> None:
        if tile is not None and tile < 1:
            raise InputError(f"--tile {tile}", "expected a side in pixels, 1 or more")
        self.devices = [find_device(name.strip()) for name in device.split(",")]
        self.device = self.devices[0]
        self.precision = choose_precision(precision, self.devices)
        self.tile = tile
        network.eval().to(self.device)
        plan = row_plan(network)
        network, stages, self.radius = plan.network, plan.stages, plan.radius
        self.context, self.whole_frame = plan.context, plan.whole_frame
        self.stream: StreamedNetwork | None = None
        self.replicas: list[tuple[nn.Module, torch.device]] = []
        """The network on each of the devices, where it is not streamed."""
        if len(self.devices) == 1 and self.device.type == "cpu" and stages:
            dtype = torch.bfloat16 if self.precision == "bf16" else torch.float32
            self.stream = StreamedNetwork(stages, dtype=dtype, tile=tile)
        else:
            if stages and self.precision == "bf16" and all(device.type == "cuda" for device in self.devices):
                network = SplitNetwork(stages)
            elif self._channels_last:
                to_channels_last(network)
            others = self.devices[1:] if self.radius is not None else []  # a whole image is one device's work
            self.replicas = [(network, self.device), *((deepcopy(network).to(other), other) for other in others)]

    @property
    def _channels_last(self) -> bool:
        """But for float32 on a GPU: cuDNN's products without TF32 take twice as long so."""
        return self.device.type != "cuda" or self.precision == "bf16"

    def look(
        self, ldr: UInt[np.ndarray, "height width 3"], *, response: Response = "declared", lights: float | None = None
    ) -> WholeFrameRows | None:
        """What the whole frame says of itself; None for a network that does not ask.

        Args:
            ldr: the photograph, uint8 or uint16, full range of its type.
            response: how it is encoded.
            lights: quantile of the light of what is clipped, 0.1 to 0.9; None for the network's own choice.
        """
        if self.whole_frame is None:
            return None
        with without_tf32, torch.autocast(self.device.type, enabled=False):
            return WholeFrameRows(self.whole_frame, ldr, response=response, lights=lights)

    def run_rows(self, ldr: UInt[np.ndarray, "height width 3"], view: WholeFrameRows | None = None) -> Rows:
        """The output's rows as they are finished, top to bottom; memory does not grow with the image's height.

        Except the context's map: three values for every 64 pixels.

        Args:
            ldr: the photograph, uint8 or uint16, full range of its type.
            view: of `look`; None looks with the defaults.

        Yields:
            Row at which the band begins, and the band (rows, width, 3) float32.
        """
        looks, table = self._looks(ldr, view)
        for top, band in self._network_rows(ldr, table):
            for part in low_bands(*band.shape[:2]) if looks else [slice(0, len(band))]:
                rows = band[part]
                for look in looks:
                    rows = look.applied(top + part.start, rows)
                yield top + part.start, rows

    def run_parts(
        self, ldr: UInt[np.ndarray, "height width 3"], parts: Sequence[Part], view: WholeFrameRows | None = None
    ) -> Iterator[Float[np.ndarray, "rows columns 3"]]:
        """Rectangles of the output, as they are in the whole of it, without computing the rest.

        Args:
            ldr: see `run_rows`.
            parts: rows and columns of each.
            view: see `run_rows`.
        """
        if self.radius is None:
            whole = self.run(ldr, view) if parts else np.empty(ldr.shape, np.float32)
            yield from (whole[part] for part in parts)
            return
        looks, table = self._looks(ldr, view) if parts else ([], None)
        for rows, columns in parts:
            seen, inner = window((rows, columns), self.radius)
            result = [band for _, band in self._network_rows(np.ascontiguousarray(ldr[seen]), table)]
            band = np.zeros((rows.stop - rows.start, *ldr.shape[1:]), np.float32)  # looks are at whole rows
            band[:, columns] = np.concatenate(result)[inner]
            for look in looks:
                band = look.applied(rows.start, band)
            yield band[:, columns]

    def _looks(
        self, ldr: UInt[np.ndarray, "height width 3"], view: WholeFrameRows | None
    ) -> tuple[list[ContextRows | WholeFrameRows], Float[np.ndarray, " levels"] | None]:
        """What is applied to the rows, in order, and the table of what the network sees of each level."""
        if self.context is None:
            return [], None
        view = view or self.look(ldr)
        table = None if view is None else view.table
        with without_tf32, torch.autocast(self.device.type, enabled=False):
            nearby = ContextRows(self.context, ldr, table=table)
        return [nearby] if view is None else [nearby, view], table

    def _network_rows(
        self, ldr: UInt[np.ndarray, "height width 3"], table: Float[np.ndarray, " levels"] | None = None
    ) -> Rows:
        if self.stream is not None:
            return self.stream.rows(ldr, table)
        forwards = [(partial(self.forward, network, device), device) for network, device in self.replicas]
        if self.radius is None:
            radius, tile = 0, max(ldr.shape[:2])
        else:
            radius, tile = self.radius, self.tile or min(map(tile_side, self.devices))
        return tiled_rows(forwards, ldr, radius=radius, tile=tile, table=table)

    def run(
        self, ldr: UInt[np.ndarray, "height width 3"], view: WholeFrameRows | None = None
    ) -> Float[np.ndarray, "height width 3"]:
        """The whole output, float32; arguments as of `run_rows`."""
        out = np.empty(ldr.shape, np.float32)
        for top, rows in self.run_rows(ldr, view):
            out[top : top + rows.shape[0]] = rows
        return out

    def forward(self, network: nn.Module, device: torch.device, image: Tensor) -> Tensor:
        """The network's output of a batch, in the engine's precision; network and device: one of `replicas`."""
        image = image.contiguous(memory_format=torch.channels_last if self._channels_last else torch.contiguous_format)
        with without_tf32, torch.autocast(device.type, enabled=False):
            output: Tensor = mixed_forward(network, image) if self.precision == "bf16" else network(image)
        return output
