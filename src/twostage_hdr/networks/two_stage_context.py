"""A variant with a wider receptive field: the two-stage result times a coarse gain where the frame is clipped."""

from typing import ClassVar, Literal

from torch import nn

from twostage_hdr.networks.context_gain import ContextGain
from twostage_hdr.networks.hyper_parameters import HyperParameters
from twostage_hdr.networks.two_stage import TwoStageNetwork
from twostage_hdr.radiometry.quantities import EncodedRGB


class TwoStageContextNetwork(nn.Module):
    """ldr -> two-stage network -> I_H; result = I_H * context(ldr).

    ::

        ldr -+-> two-stage network [sharif2021twostage]          -+
             |   834,476 parameters, receptive radius 17 px       + x -> hdr
             +-> context: gains over clipped channels, at 1/8    -+
                 312,451 parameters, receptive radius 176 px

    The context costs 0.6 % of the two stages' multiply-adds. Ours; not in the paper.

    Args:
        features: channels inside both stages.
        growth: channels that each dense conv adds.
        context_features: channels of the context's network.
    """

    output: ClassVar[Literal["encoded", "linear"]] = "encoded"

    def __init__(self, *, features: int = 64, growth: int = 32, context_features: int = 64) -> None:
        super().__init__()
        self.hyper_parameters: HyperParameters = {
            "features": features,
            "growth": growth,
            "context_features": context_features,
        }
        self.two_stage = TwoStageNetwork(features=features, growth=growth)
        self.context = ContextGain(features=context_features)

    def forward(self, ldr: EncodedRGB) -> EncodedRGB:
        """LDR frame in [0, 1], (B, 3, H, W), to the HDR image of the same shape; any H, W >= 1."""
        hdr: EncodedRGB = self.two_stage(ldr) * self.context(ldr)
        return hdr
