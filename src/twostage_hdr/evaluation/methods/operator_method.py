"""An expansion operator as a compared method."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB


@dataclass(frozen=True, kw_only=True)
class OperatorMethod:
    """Runs an operator that returns cd/m^2, and brings its result to the scale on which white is 1.

    Args:
        operator: encoded (3, H, W) -> linear RGB in cd/m^2. Other options are bound beforehand (`functools.partial`).
        name: see `Method`.
        title: see `Method`.
        white: luminance of the frame's white that the operator was given, cd/m^2.
    """

    operator: Callable[[EncodedRGB], LinearRGB]
    name: str
    title: str
    white: float = 200.0

    def reconstruct(self, ldr: EncodedRGB, *, scene: str) -> LinearRGB:
        """The operator's image divided by white."""
        with torch.no_grad():
            return self.operator(ldr) / self.white
