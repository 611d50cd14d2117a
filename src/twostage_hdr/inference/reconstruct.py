"""From a photograph to a linear HDR image."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32
from torch import nn

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.ldr import read_ldr
from twostage_hdr.imaging.pixel_arrays import LdrPixels, LinearPixels
from twostage_hdr.inference.engine import Engine
from twostage_hdr.inference.weights import load_weights
from twostage_hdr.radiometry.gamma import HDM_GAMMA


@dataclass(frozen=True, kw_only=True)
class Reconstructor:
    """A network made ready to turn photographs into HDR images.

    Attributes:
        engine: runs the network on images of any size.
        encoded: whether the network's output is encoded with gamma 2.24 (else linear).
    """

    engine: Engine
    encoded: bool

    def rows(self, pixels: LdrPixels) -> Iterator[Float32[np.ndarray, "rows width 3"]]:
        """The result's rows from top to bottom, linear, 1.0 = the photograph's white.

        Raises:
            InputError: the network's output is not finite.
        """
        for _, rows in self.engine.run_rows(pixels):
            linear = np.maximum(rows, 0)
            if self.encoded:
                with np.errstate(over="ignore"):
                    linear = linear ** np.float32(HDM_GAMMA)
            if not (np.isfinite(rows).all() and np.isfinite(linear).all()):
                raise InputError("the network gives NaN or infinite values", "its weights are spoilt", "take others")
            yield linear

    def image(self, pixels: LdrPixels) -> LinearPixels:
        """The whole result, (height, width, 3) float32, linear, 1.0 = the photograph's white."""
        return np.concatenate(list(self.rows(pixels)))


def load_reconstructor(
    weights: str | Path | nn.Module | None = None,
    *,
    device: str = "auto",
    precision: str = "fp32",
    tile: int | None = None,
) -> Reconstructor:
    """Weights and a machine, ready to run.

    Args:
        weights: anything `load_weights` takes, a network of this package (which is moved to the device and put into
            evaluation mode), or None for the package's default set.
        device: auto, cpu, cuda, cuda:N or mps; several, comma-separated, share a photograph.
        precision: fp32, bf16 or auto (bf16 where the hardware has it).
        tile: side of the tiles in px; None chooses for the machine.

    Raises:
        InputError: weights that cannot be used, or a device or precision that is not there.
    """
    network = weights if isinstance(weights, nn.Module) else load_weights(weights)
    output = getattr(network, "output", None)
    if output not in ("encoded", "linear"):
        raise InputError(
            "weights", f"a {type(network).__name__} does not say whether its `output` is encoded or linear"
        )
    engine = Engine(network=network, device=device, precision=precision, tile=tile)
    return Reconstructor(engine=engine, encoded=output == "encoded")


def reconstruct(
    photograph: str | Path | LdrPixels | torch.Tensor,
    *,
    weights: str | Path | nn.Module | None = None,
    device: str = "auto",
    precision: str = "fp32",
    tile: int | None = None,
) -> LinearPixels:
    """Reconstructs the HDR image of one photograph.

    Args:
        photograph: a file (JPEG, PNG, TIFF, WebP, ...), or its pixels, (height, width, 3) uint8 or uint16.
        weights: see `load_reconstructor`.
        device: see `load_reconstructor`.
        precision: see `load_reconstructor`.
        tile: see `load_reconstructor`.

    Returns:
        (height, width, 3) float32, linear RGB with Rec. 709 primaries; 1.0 is the photograph's white, and highlights
        go above it.

    Raises:
        InputError: a photograph or weights that cannot be used.
    """
    pixels = read_ldr(photograph).pixels if isinstance(photograph, str | Path) else _checked(photograph)
    return load_reconstructor(weights, device=device, precision=precision, tile=tile).image(pixels)


def _checked(photograph: LdrPixels | torch.Tensor) -> LdrPixels:
    if isinstance(photograph, torch.Tensor):
        photograph = photograph.detach().cpu()
        photograph = (photograph if photograph.dtype in (torch.uint8, torch.uint16) else photograph.float()).numpy()
    pixels = np.asarray(photograph)
    pixels = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    if pixels.ndim != 3 or pixels.shape[-1] != 3 or not pixels.size or pixels.dtype not in (np.uint8, np.uint16):
        raise InputError(
            "photograph",
            f"pixels of shape {pixels.shape} and type {pixels.dtype}",
            "give (height, width, 3) of uint8 or uint16, encoded, full range",
        )
    return pixels
