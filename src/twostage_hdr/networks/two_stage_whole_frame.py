"""A variant of the two-stage network for any photograph: it looks at the whole frame before it looks at pixels."""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.networks.frame_thumbnail import Thumbnail, thumbnail
from twostage_hdr.networks.hyper_parameters import constructor_arguments
from twostage_hdr.networks.light_map import PEAK, QUANTILES, LightMap, all_white, light_rows
from twostage_hdr.networks.response_curve import ResponseCurve, gamma_curve, srgb_curve
from twostage_hdr.networks.two_stage import TwoStageNetwork
from twostage_hdr.networks.two_stage_context import ContextGain, clipping_weight
from twostage_hdr.networks.whole_frame_branch import WholeFrameBranch
from twostage_hdr.radiometry.gamma import HDM_GAMMA
from twostage_hdr.radiometry.quantities import EncodedRGB

SMALLEST = 0.5
"""Lower bound of the two stages' value in clipped pixels, encoded."""
BLACK = 1e-7
"""Encoded value up to which a frame is black; curves give 1e-8 for it, where powers still have a slope."""
GREY = 1 / 255, 4 / 255
"""Mean saturation of a frame between which its lights get colours; rounding leaves one level in grey, of 255."""
WIDENED = 2.0
"""Times as wide intervals of light where the response is a guess as well; on validation places 79 % lie inside then."""
DARK = 0.15, 0.3
"""Encoded values, 6.1 to 3.9 stops below white, between which the two stages' tones take over from the frame's own."""

KnownResponse = ResponseCurve | float | Literal["srgb", "estimated"]
"""A curve, a gamma, sRGB, or the branch's own estimate."""


class FrameView(NamedTuple):
    """What a look at the whole frame says of it."""

    curve: ResponseCurve
    """Its response: known, or estimated."""
    lights: LightMap
    """How bright what it lost may be."""
    interval: LightMap
    """What is said of its uncertainty: the same, or wider where the response is a guess as well."""
    colour: Float[Tensor, "batch 1 1 1"]
    """How much of their colours lights keep: 0 in grey frames, so that white stays neutral, 1 in natural ones."""
    own_blacks: bool = False
    """Whether the darkest tones are the frame's own: in photographs to look at, not in frames to measure."""


class TwoStageWholeFrameNetwork(nn.Module):
    """The frame's response undone, then the two stages; where channels are clipped, the branch estimates their light.

    ::

        ldr -+-> thumbnail -> branch -> curve, map of lights
             |                            |        |
             +-> re-encoded to gamma 2.24 +        |
                  -> two-stage network [sharif2021twostage] x context -> I_H
                                                   |
        hdr      = (1 - white) I_H + white light^(1/2.24),      white: how far each channel of ldr is clipped, 0 to 1
        ln light = min(q(lights) + local (2.24 ln I_H - q(0.5)), ln PEAK),      q: quantiles of the map, ln linear light

    Below white the result is the two-stage network's, which sees gamma 2.24 whatever the camera was. sRGB frames keep
    their own darkest tones, since the two stages lift blacks a little. At white the light lies between what the whole
    frame says and what the two stages with their context (176 px) say: the first knows the scene, the second edges and
    textures. Ours; not in the paper.

    Args:
        features: channels inside both stages.
        growth: channels that each dense conv adds.
        widths, curve_features, dropout: see `WholeFrameBranch`.
        context_features: see `ContextGain`.
        lights: the quantile of the light that is shown when none is asked for.
        local: weight of what is seen nearby in the logarithm of the light, 0 to 1.
    """

    output = "encoded"

    def __init__(
        self,
        *,
        features: int = 64,
        growth: int = 32,
        widths: Sequence[int] = (24, 40, 56, 80, 112),
        curve_features: int = 24,
        dropout: float = 0.2,
        context_features: int = 64,
        lights: float = 0.5,
        local: float = 0.5,
    ) -> None:
        super().__init__()
        self.hyper_parameters = constructor_arguments(locals())
        self.two_stage = TwoStageNetwork(features=features, growth=growth)
        self.branch = WholeFrameBranch(widths=widths, curve_features=curve_features, dropout=dropout)
        self.context = ContextGain(features=context_features)
        self.lights, self.local = lights, local

    def forward(self, ldr: EncodedRGB, response: KnownResponse = "srgb", lights: float | None = None) -> EncodedRGB:
        """LDR frame in [0, 1], (B, 3, H, W), to the HDR image of the same shape; any H, W >= 1.

        Args:
            ldr: as the camera encoded it.
            response: how that was.
            lights: quantile of the light of what is clipped, 0.1 (careful) to 0.9 (brilliant).
        """
        view = self.look(thumbnail(ldr), response)
        known = view.curve.encoded(ldr)
        hdr = self.two_stage(known) * self.context(known)
        if view.own_blacks:
            hdr = with_own_blacks(hdr, known)
        return self.lit(hdr, ldr, view, lights, top=0, height=ldr.shape[-2])

    def look(self, seen: Thumbnail, response: KnownResponse = "srgb") -> FrameView:
        """What the whole frame says; costs the same for any size.

        Args:
            seen: `thumbnail` of the frame as the camera encoded it.
            response: how that was.
        """
        if response == "estimated":
            curve = self.branch.response(seen)
        elif response == "srgb":
            curve = srgb_curve(device=seen.cells.device)
        elif isinstance(response, ResponseCurve):
            curve = response
        else:
            curve = gamma_curve(float(response), device=seen.cells.device)
        known = torch.full_like(seen.histogram[:, 0], float(response != "estimated"))
        lights = self.branch.lights(seen, curve, known)
        return FrameView(
            curve=curve,
            lights=lights,
            interval=lights.widened(WIDENED) if response == "estimated" else lights,
            colour=kept_colour(seen),
            own_blacks=response == "srgb",
        )

    def lit(
        self,
        hdr: EncodedRGB,
        ldr: EncodedRGB,
        view: FrameView,
        lights: float | None = None,
        *,
        top: int,
        height: int,
        local: float | None = None,
    ) -> EncodedRGB:
        """Rows of the two stages' image with the light of what is clipped in them.

        Args:
            hdr: rows of the image that the two stages and their context make of the re-encoded frame, (B, 3, rows, W).
            ldr: the frame's own rows.
            view: of the whole frame.
            lights: quantile; None for the network's own choice.
            top: the first of the rows.
            height: of the whole frame.
            local: weight of hdr at white; None for the network's own.
        """
        quantile = self.lights if lights is None else lights
        weight = self.local if local is None else local
        level, middle = light_rows(view.lights, ldr, (quantile, QUANTILES[1]), top=top, height=height)
        nearby = HDM_GAMMA * hdr.clamp(min=SMALLEST).log()
        log_light, white = level + weight * (nearby - middle), clipping_weight(ldr)
        grey = all_white(white) * (1 - view.colour)
        log_light = torch.lerp(log_light, log_light.mean(1, keepdim=True), grey).clamp(max=math.log(PEAK))
        light = torch.exp(log_light / HDM_GAMMA)  # encoded
        return hdr * (1 - white) + light * white


def kept_colour(seen: Thumbnail) -> Float[Tensor, "batch 1 1 1"]:
    """0 to 1 between the mean saturations of `GREY`; a cell has its largest less its least channel.

    Bright cells count more, so that a lamp at night keeps its colour, and white ones not at all.
    """
    frame, inside, white = seen.cells[:, :3], seen.cells[:, -1:], seen.cells[:, 6:7]
    most, least = frame.amax(1, keepdim=True), frame.amin(1, keepdim=True)
    weight = most * inside * (1 - white)
    mean = (weight * (most - least)).sum((2, 3), keepdim=True) / weight.sum((2, 3), keepdim=True).clamp(min=1e-6)
    return ((mean - GREY[0]) / (GREY[1] - GREY[0])).clamp(0, 1)


def with_own_blacks(hdr: EncodedRGB, known: EncodedRGB) -> EncodedRGB:
    """Keeps the frame's own darkest tones in an image made from it, so that black gets no lighter.

    Args:
        hdr: (B, 3, H, W).
        known: the frame, in the same encoding and of the same shape.
    """
    low, high = DARK
    part = ((known - low) / (high - low)).clamp(0, 1)
    return torch.lerp(known * (known > BLACK), hdr, part * part * (3 - 2 * part))
