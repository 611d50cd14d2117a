"""Where a result is too bright or too dark, and by how much."""

from jaxtyping import Float
from torch import Tensor

from twostage_hdr.radiometry.luminance import luminance
from twostage_hdr.radiometry.quantities import LinearRGB

FLOOR = 2.0**-8
"""Relative luminance (1.0 = white) to which darker pixels are lifted: below it a frame holds noise and no picture."""


def stops_difference(prediction: LinearRGB, reference: LinearRGB) -> Float[Tensor, "height width"]:
    """log2(L_X / L_R) with both luminances at least `FLOOR`: +1 is twice as bright as it should be.

    Args:
        prediction: X, relative linear RGB (3, H, W).
        reference: R, likewise.
    """
    tested, wanted = (luminance(image)[0].clamp(min=FLOOR) for image in (prediction, reference))
    return (tested / wanted).log2()
