"""Deep Recursive HDRI: one network brightens, one darkens, each applied to its own results [lee2018recursive]."""

from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.networks.baselines.exposure_unet import ExposureUNet, merge_with_input
from twostage_hdr.networks.hyper_parameters import HyperParameters
from twostage_hdr.radiometry.gamma import HDM_GAMMA


class DeepRecursiveHDRI(nn.Module):
    """An exposure stack by recursion, merged.

        ldr -> brighten -> +1 -> brighten -> +2 -> brighten -> +3 --+
         |---------------------------------------------- 0 ---------+-> Debevec merge -> linear
         '---> darken ---> -1 -> darken ---> -2 -> darken ---> -3 --'

    Reduced: a quarter of the published width by default (16 features instead of 64), and trained by the distance to
    the true exposures only (the source adds 1e-2 of a conditional least-squares PatchGAN).

    Args:
        features: Channels of the generators' first level; 64 as published.
        steps: Recursions in each direction, one stop each; 3 as published.
        gamma: Exponent of the encoding, for the merge.
    """

    output: ClassVar[Literal["encoded", "linear"]] = "linear"

    def __init__(self, *, features: int = 16, steps: int = 3, gamma: float = HDM_GAMMA) -> None:
        super().__init__()
        self.hyper_parameters: HyperParameters = {
            "features": features,
            "steps": steps,
            "gamma": gamma,
        }
        self.steps, self.gamma = steps, gamma
        self.stops = [float(stop) for stop in range(-steps, steps + 1) if stop]
        self.brighten, self.darken = ExposureUNet(features=features), ExposureUNet(features=features)

    def forward(self, ldr: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 height width"]:
        """LDR image, encoded, [0, 1] -> linear HDR image, 1.0 = LDR white."""
        return merge_with_input(ldr, self.supervised_output(ldr), stops=self.stops, gamma=self.gamma)

    def supervised_output(
        self, ldr: Float[Tensor, "batch 3 height width"]
    ) -> Float[Tensor, "batch exposures 3 height width"]:
        """The predicted exposures, encoded, [0, 1], in ascending order of `stops` (which leaves the input out)."""
        darker, brighter = [ldr], [ldr]
        for _ in range(self.steps):
            darker.append(self.darken(darker[-1]))
            brighter.append(self.brighten(brighter[-1]))
        return torch.stack([*reversed(darker[1:]), *brighter[1:]], dim=1)
