"""The one thing that every compared method can do."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import nn

from twostage_hdr.errors import InputError
from twostage_hdr.evaluation.saved_results import file_name
from twostage_hdr.imaging.hdr import read_hdr
from twostage_hdr.inference.hardware import find_device
from twostage_hdr.inference.reconstruct import ReconstructOptions, Reconstructor, load_reconstructor
from twostage_hdr.inference.tiled import run_stack
from twostage_hdr.networks.row_plan import row_plan
from twostage_hdr.radiometry.gamma import decode_gamma
from twostage_hdr.radiometry.photometry import WHITE
from twostage_hdr.radiometry.quantities import EncodedRGB, Frames, LinearRGB


@dataclass(frozen=True, kw_only=True, eq=False)
class Method:
    """Maps an LDR frame to a linear HDR image.

    Args:
        name: short, unique in a comparison, fit for a file name.
        title: the name in tables.
    """

    name: str
    title: str

    def reconstruct(self, ldr: EncodedRGB, *, scene: str) -> LinearRGB:
        """The HDR image of a frame.

        Args:
            ldr: encoded, (3, H, W) in [0, 1]; of a bracket the reference frame.
            scene: the frame's id; only methods that look results up need it.

        Returns:
            Relative linear RGB (3, H, W) on the CPU, >= 0; 1.0 is the frame's white.
        """
        raise NotImplementedError


SUFFIXES = (".exr", ".hdr", ".tif", ".tiff", "_hdr.png", "_gt.png")
"""What may follow the scene's id in a file name, in the order in which they are looked for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FolderMethod(Method):
    """Looks a result up by the scene's id: `<folder>/<id>.exr`, `.hdr`, `.tif` or `_hdr.png` with its alignratio.

    The files that `save_results=true` leaves are found, too.

    Args:
        folder: where the files lie. A "/" in an id means a folder below it; "_" in its place is found as well.
    """

    folder: Path

    def reconstruct(self, ldr: EncodedRGB, *, scene: str) -> LinearRGB:
        """The file's pixels, linear.

        Raises:
            InputError: no file for the scene, a file that cannot be read, or one of another size than the frame.
        """
        stems = (scene, scene.replace("/", "_"), file_name(scene))
        candidates = (self.folder / f"{stem}{end}" for stem in stems for end in SUFFIXES)
        path = next((candidate for candidate in candidates if candidate.is_file()), None)
        if path is None:
            seen, cure = (
                f"no result of {self.title!r} for scene {scene!r}",
                f"expected {scene}.exr, .hdr, .tif or _hdr.png",
            )
            raise InputError(self.folder, seen, cure)
        pixels = torch.from_numpy(read_hdr(path).pixels).permute(2, 0, 1)
        if pixels.shape != ldr.shape:
            sizes = (f"{image.shape[2]}x{image.shape[1]} px" for image in (pixels, ldr))
            raise InputError(path, f", frame of scene {scene!r} ".join(sizes), "write results at the frame's size")
        return pixels.contiguous()


@dataclass(frozen=True, kw_only=True, eq=False)
class LdrIdentity(Method):
    """linear = ldr^2.24, and nothing else."""

    name: str = "ldr"
    title: str = "LDR input"

    def reconstruct(self, ldr: EncodedRGB, *, scene: str) -> LinearRGB:
        """The frame on the linear scale."""
        return decode_gamma(ldr)


@dataclass(frozen=True, kw_only=True, eq=False)
class NetworkMethod(Method):
    """Runs a network as `reconstruct` does: in exact tiles or streamed where it can be, else on the whole image.

    Args:
        network: image network; its class's `output` ("encoded" or "linear") says what it returns.
        device: where it runs: auto, cpu, cuda, cuda:N or mps.
        response: how frames are encoded, see `ReconstructOptions`; of networks that have no such choice, nothing.
    """

    network: nn.Module
    device: str = "cpu"
    response: str | float = "declared"

    @cached_property
    def _reconstructor(self) -> Reconstructor:
        response = "declared" if row_plan(self.network).whole_frame is None else self.response
        return load_reconstructor(
            self.network, ReconstructOptions(device=self.device, precision="fp32", response=response)
        )

    @cached_property
    def torch_device(self) -> torch.device:
        """Where the network runs."""
        return self._reconstructor.engine.device

    def reconstruct(self, ldr: EncodedRGB, *, scene: str) -> LinearRGB:
        """The network's image on the linear scale; negative values of a network without a last ReLU become 0.

        Args:
            ldr: an 8-bit frame, k/255, (3, H, W).
            scene: not needed.
        """
        pixels = (ldr * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
        linear = self._reconstructor.image(pixels)
        return torch.from_numpy(np.ascontiguousarray(linear.transpose(2, 0, 1)))


class BracketMethod(Method):
    """Base of the methods whose `reconstruct` gets all frames of a bracket: `ldr` is an `ExposureStack`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SeveralShotsMethod(NetworkMethod, BracketMethod):
    """Runs a network of several shots, as many as its `frames` says, in exact tiles; `response` is nothing to it."""

    @cached_property
    def torch_device(self) -> torch.device:
        """Where the network runs."""
        return find_device(self.device)

    def reconstruct(self, ldr: Frames, *, scene: str) -> LinearRGB:
        """The network's image on the linear scale of the reference frame.

        Args:
            ldr: an `ExposureStack`, (frames, 2, 3, H, W).
            scene: for messages.

        Raises:
            InputError: data that have another number of frames.
        """
        frames = ldr.shape[0] if ldr.ndim > 3 else 1
        if frames != self.network.frames:
            seen = f"{frames} frame{'s' * (frames > 1)}, {self.title!r} takes {self.network.frames}"
            cure = "choose camera=all_exposures, or data.source.exposure=all of HdM and stores"
            raise InputError(f"scene {scene!r}", seen, cure)
        image = run_stack(self.network, ldr, device=self.torch_device)
        return decode_gamma(image) if self.network.output == "encoded" else image.clamp(min=0)


def network_method(network: nn.Module, *, name: str, title: str, response: str | float = "declared") -> NetworkMethod:
    """The method of a network, whatever number of frames it takes; arguments as of `NetworkMethod`."""
    method = SeveralShotsMethod if getattr(network, "frames", 1) > 1 else NetworkMethod
    return method(network=network, name=name, title=title, device="auto", response=response)


@dataclass(frozen=True, kw_only=True, eq=False)
class OperatorMethod(Method):
    """Runs an operator that returns cd/m^2, and brings its result to the scale on which white is 1.

    Args:
        operator: encoded (3, H, W) -> linear RGB in cd/m^2. Other options are bound beforehand (`functools.partial`).
    """

    operator: Callable[[EncodedRGB], LinearRGB]

    def reconstruct(self, ldr: EncodedRGB, *, scene: str) -> LinearRGB:
        """The operator's image divided by white."""
        with torch.no_grad():
            return self.operator(ldr) / WHITE
