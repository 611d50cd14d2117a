"""Deep Chain HDRI: a chain of networks, one for each change of exposure [lee2018chain]."""

from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.networks.baselines.exposure_unet import ExposureUNet, merge_with_input
from twostage_hdr.networks.hyper_parameters import HyperParameters
from twostage_hdr.radiometry.gamma import HDM_GAMMA


class DeepChainHDRI(nn.Module):
    """An exposure stack by a chain of sub-networks, merged.

        ldr -> B1 -> +1 -> B2 -> +2 -> B3 -> +3 --+
         |---------------------------- 0 ---------+-> Debevec merge -> linear
         '---> D1 -> -1 -> D2 -> -2 -> D3 -> -3 --'

    Reduced: each sub-network is the U-Net of the recursive method by the same authors, at 16 features by default; the
    sub-networks are trained together (the source trains them one after the other).

    Args:
        features: Channels of the sub-networks' first level.
        steps: Sub-networks in each direction, one stop each; 3 as published.
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
        self.brighten = nn.ModuleList(ExposureUNet(features=features) for _ in range(steps))
        self.darken = nn.ModuleList(ExposureUNet(features=features) for _ in range(steps))

    def forward(self, ldr: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 height width"]:
        """LDR image, encoded, [0, 1] -> linear HDR image, 1.0 = LDR white."""
        return merge_with_input(ldr, self.supervised_output(ldr), stops=self.stops, gamma=self.gamma)

    def supervised_output(
        self, ldr: Float[Tensor, "batch 3 height width"]
    ) -> Float[Tensor, "batch exposures 3 height width"]:
        """The predicted exposures, encoded, [0, 1], in ascending order of `stops` (which leaves the input out)."""
        darker, brighter = [ldr], [ldr]
        for darken, brighten in zip(self.darken, self.brighten, strict=True):
            darker.append(darken(darker[-1]))
            brighter.append(brighten(brighter[-1]))
        return torch.stack([*reversed(darker[1:]), *brighter[1:]], dim=1)
