"""Frames merged without weights: what a network of several shots starts from.

A plain relative of `inference.bracket.merge`: each frame is compared with the reference only, within `RADIUS`.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from twostage_hdr.radiometry.exposure_stack import ExposureStack
from twostage_hdr.radiometry.gamma import HDM_GAMMA, decode_gamma
from twostage_hdr.radiometry.quantities import LinearRGB

WHITE = (230 / 255, 248 / 255)
"""Encoded values between which the trust in a code falls from full to none; HdM frames clip at 248 [ntire2021hdr]."""
NOISE = 3 * 1.5 / 255
"""Three standard deviations of a frame, encoded, within which two frames agree, beside `RELATIVE`."""
RELATIVE = 0.05
"""Of the light, within which they agree too."""
CLIPPED_BOUND = 0.6
"""Share of the reference's white below which a frame contradicts a reference that clips."""
RADIUS = 7
"""How far a pixel of the result sees, px."""
_DARKEST = 2 / 255  # encoded, below which the curve's slope says nothing of the noise
_SMALLEST = 1e-12
Plane = Float[Tensor, "batch 1 height width"]
Scale = Float[Tensor, "batch 1 1 1"]


@torch.no_grad()
def merge_exposures(stack: ExposureStack) -> tuple[LinearRGB, Scale]:
    """Each frame weighted by its certainty, where it is not clipped and agrees with the reference.

    Args:
        stack: (B, frames, 2, 3, H, W), the reference first.

    Returns:
        Light on the reference's scale, (B, 3, H, W), that of the shortest frame that agrees where all clip; and the
        shortest frame's white on that scale.
    """
    frames = [(frame[:, 0].float(), frame[:, 1].float()) for frame in stack.unbind(1)]
    whites = [_white(encoded, linear) for encoded, linear in frames]
    reference = frames[0]
    weight, total = (torch.zeros_like(reference[1]) for _ in range(2))
    seen, shown = torch.zeros_like(weight[:, :1]), reference[1]
    shortest = torch.ones_like(seen)  # the white of what is shown
    for place, ((encoded, linear), white) in enumerate(zip(frames, whites, strict=True)):
        agrees = _agreement(reference, encoded, linear, white) if place else torch.ones_like(seen)
        usable = _trust(encoded) * agrees
        certainty = usable / _deviation(encoded, white) ** 2
        weight, total = weight + certainty, total + certainty * linear
        stands_in = (agrees > 0.5) & (white > shortest)
        shown, shortest = torch.where(stands_in, linear, shown), torch.where(stands_in, white, shortest)
        seen = torch.maximum(seen, usable)
    return shown + seen * (total / weight.clamp(min=_SMALLEST) - shown), torch.stack(whites).amax(0)


def _white(encoded: Tensor, linear: Tensor) -> Scale:
    """A frame's white on the reference's scale, 2^-stop; 1 where it is all black."""
    light = decode_gamma(encoded).sum((1, 2, 3), keepdim=True)
    return torch.where(light > 0, linear.sum((1, 2, 3), keepdim=True) / light.clamp(min=_SMALLEST), 1.0)


def _trust(encoded: Tensor) -> Plane:
    return ((WHITE[1] - encoded.amax(1, keepdim=True)) / (WHITE[1] - WHITE[0])).clamp(0, 1)


def _deviation(encoded: Tensor, white: Scale) -> Tensor:
    """Of light on the reference's scale, for a deviation of one encoded unit."""
    return white * HDM_GAMMA * encoded.clamp(min=_DARKEST) ** (HDM_GAMMA - 1)


def _agreement(reference: tuple[Tensor, Tensor], encoded: Tensor, linear: Tensor, white: Scale) -> Plane:
    """1 where a frame may be what the reference shows, 0 where it is something else, smooth between.

    An edge half a pixel off is no movement. Where the reference clips, a frame must not be darker than that.
    """
    codes, light = reference
    noise = NOISE * torch.hypot(_deviation(codes, torch.ones_like(white)), _deviation(encoded, white))
    tolerance = noise + RELATIVE * light
    low, high = -_largest(-light, 3) - tolerance, _largest(light, 3) + tolerance
    unclipped = _trust(encoded)
    differs = ((linear < low) & (unclipped == 1)) | ((linear > high) & (unclipped > 0))
    bound = -CLIPPED_BOUND * _largest(-light.amax(1, keepdim=True), 5)
    darker = (linear.amax(1, keepdim=True) < bound) & (unclipped == 1)
    against = torch.where(_trust(codes) > 0.5, differs.any(1, keepdim=True), darker).float()
    wide = _largest((F.avg_pool2d(against, 3, 1, 1, count_include_pad=False) > 0.4).float(), 7)
    return 1 - F.avg_pool2d(wide, 3, 1, 1, count_include_pad=False)


def _largest(image: Tensor, window: int) -> Tensor:
    return F.max_pool2d(image, window, 1, window // 2)
