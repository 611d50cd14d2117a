"""Hybrid log-gamma, the HDR signal of broadcasting and of some cameras [itu2100]."""

import torch
from jaxtyping import Float
from torch import Tensor

HLG_PEAK = 1000.0
"""Luminance of the signal (1, 1, 1) on the display that the system is defined for, cd/m^2."""

SYSTEM_GAMMA = 1.2
"""Exponent from the luminance of the scene to that of such a display."""

A = 0.17883277
B = 1 - 4 * A
C = 0.55991073


def hlg_scene(code: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Linear light of the scene, [0, 1], of code values in [0, 1] (the inverse of the opto-electronic transfer)."""
    return torch.where(code <= 0.5, code**2 / 3, (torch.exp((code - C) / A) + B) / 12)


def hlg_display(scene: Float[Tensor, "*shape 3"], weights: Float[Tensor, "3"]) -> Float[Tensor, "*shape 3"]:
    """R, G and B in cd/m^2, as the display shows them, of the scene's light.

    Args:
        scene: see `hlg_scene`.
        weights: of R, G and B in the luminance, dimensionless.
    """
    luminance = (scene @ weights)[..., None]
    return HLG_PEAK * luminance ** (SYSTEM_GAMMA - 1) * scene
