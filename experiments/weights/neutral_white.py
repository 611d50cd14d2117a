"""White light that stays white: what the two stages and their context say of a plain white square, without its cast.

The shipped two stages, trained on skies and windows, answer white with 1.62, 1.69, 1.74 in R, G and B, and their
context adds to it. The mean cast is taken out of the context's last bias, which acts on clipped channels alone.
"""

import torch
from torch import Tensor

from twostage_hdr.networks.two_stage_whole_frame import TwoStageWholeFrameNetwork
from twostage_hdr.radiometry.quantities import EncodedRGB

GREYS = (0.2, 0.45, 0.7)
"""Encoded values around the square."""
SIDE, SQUARE = 480, 240
"""Of frame and square, px: the middle sees no further than the square."""


def white_square(grey: float) -> EncodedRGB:
    """A white square in the middle of a grey frame."""
    frame = torch.full((1, 3, SIDE, SIDE), grey)
    begin = (SIDE - SQUARE) // 2
    frame[..., begin : begin + SQUARE, begin : begin + SQUARE] = 1
    return frame


@torch.no_grad()
def cast(network: TwoStageWholeFrameNetwork) -> Tensor:
    """ln of R, G and B over their mean at the middle of the squares, encoded; the mean over the greys."""
    casts = []
    for grey in GREYS:
        frame = white_square(grey)
        middle = slice(SIDE // 2 - 40, SIDE // 2 + 40)  # the two stages see 17 px, so a part is enough
        seen = network.two_stage(frame[..., middle, middle])[0, :, 40, 40].log()
        seen = seen + network.context(frame)[0, :, SIDE // 2, SIDE // 2].log()
        casts.append(seen - seen.mean())
    return torch.stack(casts).mean(0)


def neutralise(network: TwoStageWholeFrameNetwork) -> None:
    """Takes the cast out, in place."""
    found = cast(network)
    assert network.context.conv_out.bias is not None
    with torch.no_grad():
        network.context.conv_out.bias -= found
