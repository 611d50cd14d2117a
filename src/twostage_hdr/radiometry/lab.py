"""From encoded RGB to CIE L*a*b*."""

import torch
from kornia.color import rgb_to_lab

from twostage_hdr.radiometry.quantities import EncodedRGB, Lab


def encoded_to_lab(encoded: EncodedRGB) -> Lab:
    """CIE L*a*b* (D65) of encoded values *read as sRGB*, as they are: nothing is rescaled or clipped.

    The colour loss and metric are defined on this reading [sharif2021twostage]: a value above 1 gives an L* above
    100. sRGB's curve goes on as a straight line below 0, so gradients are finite for every finite value.
    """
    # Inside autocast the colour matrix would be multiplied in half precision, an error of several units of L*.
    with torch.autocast(encoded.device.type, enabled=False):
        return rgb_to_lab(encoded)
