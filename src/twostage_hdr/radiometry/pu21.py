"""PU21: absolute luminance to perceptually uniform units [mantiuk2021pu21]."""

from jaxtyping import Float
from torch import Tensor

from twostage_hdr.radiometry.photometry import PQ_PEAK
from twostage_hdr.radiometry.quantities import Luminance

PU21_RANGE = (0.005, PQ_PEAK)
"""Luminances that the curve is fitted to, cd/m^2 [mantiuk2021pu21]."""

PU21_PARAMETERS = (
    0.353487901,
    0.3734658629,
    8.277049286e-05,
    0.9062562627,
    0.09150303166,
    0.9099517204,
    596.3148142,
)
"""p1 to p7 of the variant that counts banding and glare, the one its authors advise [mantiuk2021pu21]."""

PUValue = Float[Tensor, "*shape"]
"""Perceptually uniform units: 0 at 0.005 cd/m^2, about 256 at 100 cd/m^2 and 595 at 10000 cd/m^2."""


def pu21_encode(luminance: Luminance) -> PUValue:
    """max(p7 (((p1 + p2 Y^p4) / (1 + p3 Y^p4))^p5 - p6), 0) of luminances Y (or of R, G, B in cd/m^2).

    Y is clamped to [0.005, 10000]; outside, and so at black, the gradient is 0.
    """
    p1, p2, p3, p4, p5, p6, p7 = PU21_PARAMETERS
    power = luminance.clamp(*PU21_RANGE) ** p4
    return (p7 * (((p1 + p2 * power) / (1 + p3 * power)) ** p5 - p6)).clamp(min=0)
