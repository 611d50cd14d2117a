"""From a photograph to a linear HDR image."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32
from torch import nn

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.photograph import Photograph, read_photograph
from twostage_hdr.imaging.pixel_arrays import LdrPixels, LinearPixels
from twostage_hdr.inference.engine import Engine, Rows
from twostage_hdr.inference.own_light import HdrUse, certain, hdr_use, joined
from twostage_hdr.inference.tiled import Part
from twostage_hdr.inference.weights import load_weights
from twostage_hdr.inference.whole_frame import Response, check_lights, parse_response
from twostage_hdr.radiometry.gamma import HDM_GAMMA


@dataclass(frozen=True, kw_only=True)
class Reconstruction:
    """The result of one photograph, computed as it is taken.

    Attributes:
        rows: from top to bottom, linear, 1.0 = the photograph's white.
        uncertainty: of the rows from `top` to `bottom`, stops between the 10 and the 90 % quantile of the light,
            (rows, width); None where the network gives no quantiles.
        hdr: what was made of the photograph's own HDR; None of an ordinary photograph.
    """

    rows: Iterator[Float32[np.ndarray, "rows width 3"]]
    uncertainty: Callable[[int, int], Float32[np.ndarray, "rows width"]] | None
    hdr: HdrUse | None = None


@dataclass(frozen=True, kw_only=True)
class Reconstructor:
    """A network made ready to turn photographs into HDR images.

    Attributes:
        engine: runs the network on images of any size.
        encoded: whether the network's output is encoded with gamma 2.24 (else linear).
        response: how photographs are encoded.
        lights: quantile of the light of what is clipped; None for the network's own choice.
    """

    engine: Engine
    encoded: bool
    response: Response = "declared"
    lights: float | None = None

    def begin(self, pixels: LdrPixels) -> Reconstruction:
        """Looks at the photograph as a whole; the rows are computed as they are taken.

        Raises:
            InputError: while rows are taken: the network's output is not finite.
        """
        view = self.engine.look(pixels, response=self.response, lights=self.lights)
        rows = self._linear(self.engine.run_rows(pixels, view))
        return Reconstruction(rows=rows, uncertainty=None if view is None else view.uncertainty)

    def begin_photograph(self, photograph: Photograph) -> Reconstruction:
        """As `begin`; where a photograph is HDR itself, its own light is used, see `own_light`.

        The result has the photograph's primaries. The network, trained on Rec. 709, sees the channels as they are
        stored: it is in these that light clips, and below white they come out as they are.
        """
        light = photograph.light
        if light is None:
            return self.begin(photograph.sdr())
        use = hdr_use(light)
        if not use.clipped_share:
            return Reconstruction(rows=light.bands(), uncertainty=partial(certain, light.width), hdr=use)
        seen = replace(self, response="declared").begin(light.exposed(light.peak))
        return replace(seen, rows=joined(light, seen.rows), hdr=use)

    def rows(self, pixels: LdrPixels) -> Iterator[Float32[np.ndarray, "rows width 3"]]:
        """The result's rows from top to bottom, linear, 1.0 = the photograph's white; raises as `begin`."""
        yield from self.begin(pixels).rows

    def _linear(self, bands: Rows) -> Iterator[Float32[np.ndarray, "rows width 3"]]:
        for _, rows in bands:
            linear = np.maximum(rows, 0)
            if self.encoded:
                with np.errstate(over="ignore"):
                    linear = linear ** np.float32(HDM_GAMMA)
            if not (np.isfinite(rows).all() and np.isfinite(linear).all()):
                cure = "they are corrupt or incompatible; take others"
                raise InputError("weights", "the network produced NaN or Inf", cure)
            yield linear

    def parts(self, pixels: LdrPixels, parts: Sequence[Part]) -> Iterator[LinearPixels]:
        """Rectangles of `image`, without computing the rest; raises as `begin`."""
        view = self.engine.look(pixels, response=self.response, lights=self.lights) if parts else None
        for part in self.engine.run_parts(pixels, parts, view):
            yield from self._linear(iter([(0, part)]))

    def image(self, pixels: LdrPixels) -> LinearPixels:
        """The whole result, (height, width, 3) float32, linear, 1.0 = the photograph's white."""
        return np.concatenate(list(self.rows(pixels)))


@dataclass(frozen=True, kw_only=True)
class ReconstructOptions:
    """How a network turns photographs into HDR images, and where it runs.

    Attributes:
        device: auto, cpu, cuda, cuda:N or mps; several, comma-separated, share a photograph.
        precision: auto (bf16 where the hardware multiplies it, else fp32), fp32 or bf16.
        tile: side of the tiles in px; None chooses for the machine.
        response: how photographs are encoded: "declared" (as their profile says, sRGB without one: below white the
            result is the photograph's own linear light), "estimated" (the typical curve of unknown cameras is undone),
            or a gamma (2.24 for HdM's frames). A choice of the default set.
        lights: how bright what was clipped becomes: a quantile of the light that it may have had, 0.1 (careful) to 0.9
            (brilliant); None for the set's own choice. A choice of the default set.
        trust: the user's own packages whose network the weights may name, see `load_weights`.
        ignore_gain_map: see `read_photograph`, which takes photographs so.
    """

    device: str = "auto"
    precision: str = "auto"
    tile: int | None = None
    response: str | float = "declared"
    lights: float | None = None
    trust: Collection[str] = ()
    ignore_gain_map: bool = False


def load_reconstructor(
    weights: str | Path | nn.Module | None = None, options: ReconstructOptions = ReconstructOptions()
) -> Reconstructor:
    """Weights and a machine, ready to run.

    Args:
        weights: anything `load_weights` takes, a network of this package (which is moved to the device and put into
            evaluation mode), or None for the package's default set.
        options: where and how it runs.

    Raises:
        InputError: weights that cannot be used, a device or precision that is not there, or a response or lights that
            is out of range or that these weights have no choice of.
    """
    network = weights if isinstance(weights, nn.Module) else load_weights(weights, trust=options.trust)
    output = getattr(network, "output", None)
    if output not in ("encoded", "linear"):
        seen = f"a {type(network).__name__} does not say whether its `output` is encoded or linear"
        raise InputError("weights", seen)
    if getattr(network, "frames", 1) > 1:
        raise InputError("weights", f"a {type(network).__name__} takes several exposures", "give a single-shot set")
    engine = Engine(network=network, device=options.device, precision=options.precision, tile=options.tile)
    response, lights = parse_response(options.response), check_lights(options.lights)
    for name, value in (("response", response), ("lights", lights)):
        if engine.whole_frame is None and value not in ("declared", None):
            cure = f"leave {name} out or take other weights"
            raise InputError(f"{name} {value}", "these weights have no such choice", cure)
    return Reconstructor(engine=engine, encoded=output == "encoded", response=response, lights=lights)


def reconstruct(
    photograph: str | Path | Photograph | LdrPixels | torch.Tensor,
    *,
    weights: str | Path | nn.Module | None = None,
    device: str = "auto",
    precision: str = "auto",
    tile: int | None = None,
    response: str | float = "declared",
    lights: float | None = None,
    trust: Collection[str] = (),
    ignore_gain_map: bool = False,
) -> LinearPixels:
    """Reconstructs the HDR image of one photograph; of one that is HDR itself only what that lacks.

    Args:
        photograph: a file (JPEG, PNG, TIFF, WebP, ...), what `read_photograph` gives of it, or its pixels, (height,
            width, 3) uint8 or uint16.
        weights: see `load_reconstructor`.
        device, precision, tile, response, lights, trust, ignore_gain_map: see `ReconstructOptions`.

    Returns:
        (height, width, 3) float32, linear RGB with the photograph's primaries (`read_photograph(...).info.primaries`):
        Rec. 709, or those of its wide gamut; 1.0 is the photograph's white, and highlights go above it.

    Raises:
        InputError: a photograph or weights that cannot be used.
    """
    if isinstance(photograph, str | Path):
        photograph = read_photograph(photograph, ignore_gain_map=ignore_gain_map)
    elif not isinstance(photograph, Photograph):
        photograph = Photograph(pixels=_checked(photograph))
    options = ReconstructOptions(
        device=device, precision=precision, tile=tile, response=response, lights=lights, trust=trust
    )
    return np.concatenate(list(load_reconstructor(weights, options).begin_photograph(photograph).rows))


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
