"""A trained network as a compared method."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import nn

from twostage_hdr.inference.reconstruct import Reconstructor, load_reconstructor
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB


@dataclass(frozen=True, kw_only=True, eq=False)
class NetworkMethod:
    """Runs a network as `reconstruct` does: in exact tiles or streamed where it can be, else on the whole image.

    Args:
        network: image network; its class's `output` ("encoded" or "linear") says what it returns.
        name: see `Method`.
        title: see `Method`.
        device: where it runs: auto, cpu, cuda, cuda:N or mps.
    """

    network: nn.Module
    name: str
    title: str
    device: str = "cpu"

    @cached_property
    def _reconstructor(self) -> Reconstructor:
        return load_reconstructor(self.network, device=self.device)

    @property
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
