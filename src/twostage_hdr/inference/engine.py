"""One way to run any image network: the fast exact stream where there is one, exact tiles, or the whole image."""

from collections.abc import Iterator
from typing import Literal, TypeAlias

import numpy as np
import torch
from jaxtyping import Float, UInt
from torch import Tensor, nn

from twostage_hdr.errors import InputError
from twostage_hdr.inference.context_rows import ContextRows
from twostage_hdr.inference.streamed import StreamedNetwork
from twostage_hdr.inference.tiled import receptive_radius, tiled_rows
from twostage_hdr.networks.context_gain import ContextGain
from twostage_hdr.networks.memory_layout import to_channels_last
from twostage_hdr.networks.stage import Stage
from twostage_hdr.networks.two_stage import TwoStageNetwork
from twostage_hdr.networks.two_stage_context import TwoStageContextNetwork

Precision: TypeAlias = Literal["fp32", "bf16", "auto"]
Rows: TypeAlias = Iterator[tuple[int, Float[np.ndarray, "rows width 3"]]]
"""Row at which a band begins, and the band: the network's output as it is, encoded or linear."""

TILE_PIXELS = {"cpu": 256, "cuda": 1024}
"""Side of a tile of the networks that are not streamed: a compromise of halo and memory."""


class Engine:
    """A network on a device, for photographs of any size.

    On the CPU the two-stage network and its stages are streamed (`StreamedNetwork`); other networks that know their
    `receptive_radius` run in exact tiles (`tiled_rows`), and those that see the whole image run on the whole image.
    A context's gains (`ContextRows`) are multiplied on the rows of the two stages inside its network.

    Args:
        network: any image network, (B, 3, H, W) in [0, 1] to (B, 3, H, W).
        device: "auto" (CUDA if there is one), or a PyTorch device.
        precision: of the matrix products; "auto" takes bf16 where the hardware computes in it.
        tile: side of a tile's output, pixels; None for the default of the machine.

    Raises:
        InputError: a device, precision or tile that cannot be used.
    """

    def __init__(
        self, *, network: nn.Module, device: str = "auto", precision: str = "fp32", tile: int | None = None
    ) -> None:
        if tile is not None and tile < 1:
            raise InputError(f"--tile {tile}: expected a side in pixels, 1 or more")
        self.device = _device(device)
        self.precision = _precision(precision, self.device)
        self.tile = tile
        self.network = network.eval().to(self.device)
        self.context: ContextGain | None = None
        if isinstance(network, TwoStageContextNetwork):
            self.network, self.context = network.two_stage, network.context
            network = self.network
        self.radius = receptive_radius(network)
        self.stream: StreamedNetwork | None = None
        if self.device.type == "cpu" and isinstance(network, Stage | TwoStageNetwork):
            dtype = torch.bfloat16 if self.precision == "bf16" else torch.float32
            self.stream = StreamedNetwork(network, dtype=dtype, tile=tile)
        else:
            to_channels_last(self.network)

    def run_rows(self, ldr: UInt[np.ndarray, "height width 3"]) -> Rows:
        """The output's rows as they are finished, top to bottom; memory does not grow with the image's height.

        But for a context's map, three values for every 64 pixels.

        Args:
            ldr: the photograph, uint8 or uint16, full range of its type.

        Yields:
            Row at which the band begins, and the band (rows, width, 3) float32.
        """
        rows = self._network_rows(ldr)
        return rows if self.context is None else ContextRows(self.context, ldr).applied(rows)

    def _network_rows(self, ldr: UInt[np.ndarray, "height width 3"]) -> Rows:
        if self.stream is not None:
            return self.stream.rows(ldr)
        if self.radius is None:
            return tiled_rows(self._forward, ldr, radius=0, tile=max(ldr.shape[:2]))
        tile = self.tile or TILE_PIXELS.get(self.device.type, TILE_PIXELS["cpu"])
        return tiled_rows(self._forward, ldr, radius=self.radius, tile=tile)

    def run(self, ldr: UInt[np.ndarray, "height width 3"]) -> Float[np.ndarray, "height width 3"]:
        """The whole output, float32."""
        out = np.empty(ldr.shape, np.float32)
        for top, rows in self.run_rows(ldr):
            out[top : top + rows.shape[0]] = rows
        return out

    def _forward(self, image: Tensor) -> Tensor:
        image = image.to(self.device, memory_format=torch.channels_last)
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.precision == "bf16"):
            return self.network(image)


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(f"--device {name}: no such device; expected auto, cpu, cuda or cuda:0") from error
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise InputError(f"--device {name}: this machine or this PyTorch does not have it; use --device cpu") from error
    return device


def _precision(name: str, device: torch.device) -> Literal["fp32", "bf16"]:
    if name not in ("fp32", "bf16", "auto"):
        raise InputError(f"--precision {name}: expected fp32, bf16 or auto")
    if name == "auto":
        return "bf16" if computes_in_bf16(device) else "fp32"
    return "bf16" if name == "bf16" else "fp32"


def computes_in_bf16(device: torch.device) -> bool:
    """Whether the hardware multiplies bfloat16 natively (elsewhere it is emulated, and slower than float32)."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()
