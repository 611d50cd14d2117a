"""GMNet's loss on the map that it multiplies a photograph with [liao2025gmnet]."""

import math

from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.radiometry.gamma import decode_gamma
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB

FLOOR = 1 / 256
"""Added to both linear values before the logarithm: about 3 steps of a linear 8-bit scale, so that noise in the dark
does not outweigh the lights; as the offsets of gain maps in files."""


class GainMapLoss(nn.Module):
    """mean |log2((p + f) / (t + f))| / log2(peak): the L1 between two gain maps of one photograph.

    Result p and reference t are the same photograph times their gains, so that it falls out. The authors' second term,
    on a map that is stretched to its own maximum, needs their data's stored maxima and is left out.

    Args:
        peak: Gain of a map of 1, the network's own.
    """

    def __init__(self, *, peak: float) -> None:
        super().__init__()
        self.log_peak = math.log2(peak)

    def forward(self, prediction: LinearRGB, target: EncodedRGB) -> Float[Tensor, ""]:
        """Scalar >= 0.

        Args:
            prediction: The network's result, linear.
            target: Encoded reference; linearised here.
        """
        ratio = (prediction + FLOOR).log2() - (decode_gamma(target) + FLOOR).log2()
        return ratio.abs().mean() / self.log_peak
