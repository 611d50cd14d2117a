"""FHDR: a feedback network that refines its features over a few iterations [khan2019fhdr]."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.networks.hyper_parameters import constructor_arguments
from twostage_hdr.radiometry.gamma import HDM_GAMMA
from twostage_hdr.radiometry.photometry import REFERENCE_CAP

DEFAULT_PEAK = REFERENCE_CAP**HDM_GAMMA
"""Linear value, in units of LDR white, of the network's +1: the cap of the references (encoded 10)."""

_STARTING_LEVEL = 0.2
"""Linear value, in units of LDR white, that an untrained network returns: about a photograph's mean."""


class FHDR(nn.Module):
    """Two convolutions, a feedback block fed with its own last output, two convolutions, tanh.

        2x - 1 -> conv -> F1 -> conv -> F2 -+-> feedback block -> + F1 -> conv -> conv -> tanh -> y_t
                                            |     ^        |
                                            |     '-hidden-'          (t = 1 .. iterations)

    571,267 parameters, whatever the number of iterations. Known slips of the published code are corrected here: hidden
    states live inside one call (there they leak into the next batch, and the first image's size is the only one
    accepted); convolutions start from He's distribution (there from N(0, 0), all zero); references above 1, which a
    tanh cannot reach, are met by a peak; and the result keeps that scale instead of being stretched to each image's
    extremes. As published, hidden states start as a copy of their block's input and are detached between iterations.

    Args:
        iterations: Passes through the feedback block; 4 in the paper.
        peak: Linear value, in units of LDR white, of +1 at the network's end.
        features: Channels, 64 as published.
        growth: Channels added by each dense layer, 32 as published.
    """

    output = "linear"

    def __init__(
        self, *, iterations: int = 4, peak: float = DEFAULT_PEAK, features: int = 64, growth: int = 32
    ) -> None:
        super().__init__()
        self.hyper_parameters = constructor_arguments(locals())
        self.iterations, self.peak = iterations, peak
        self.first = nn.Conv2d(3, features, 3)
        self.second = nn.Conv2d(features, features, 3, padding=1)
        self.feedback = FeedbackBlock(features=features, growth=growth)
        self.refine = nn.Conv2d(features, features, 3, padding=1)
        self.to_rgb = nn.Conv2d(features, 3, 3)
        self._initialise()

    def forward(self, ldr: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 height width"]:
        """LDR image, encoded, [0, 1] -> linear HDR image in [0, peak], 1.0 = LDR white: the last iteration's."""
        return self.supervised_output(ldr)[-1]

    def supervised_output(
        self, ldr: Float[Tensor, "batch 3 height width"]
    ) -> Float[Tensor, "iterations batch 3 height width"]:
        """Every iteration's linear HDR image; the loss is the mean over them."""
        # (tanh z + 1) / 2 = sigmoid(2z), without the cancellation that costs the shadows their digits.
        return self.peak * torch.sigmoid(2 * self._before_tanh(2 * ldr - 1))

    def raw(self, centred: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "iterations batch 3 height width"]:
        """The published network: image in [-1, 1] -> every iteration's tanh, in [-1, 1]."""
        return torch.tanh(self._before_tanh(centred))

    def _before_tanh(self, centred: Tensor) -> Tensor:
        first = F.relu(self.first(_reflect(centred)))  # (B, features, H, W)
        second = F.relu(self.second(first))
        hidden, outputs = None, []
        for _ in range(self.iterations):
            fed_back, hidden = self.feedback(second, hidden)
            refined = F.relu(self.refine(fed_back + first))
            outputs.append(self.to_rgb(_reflect(refined)))
        return torch.stack(outputs)

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        share = _STARTING_LEVEL / self.peak
        with torch.no_grad():
            self.to_rgb.weight.mul_(0.1)
            self.to_rgb.bias.fill_(0.5 * math.log(share / (1 - share)))  # type: ignore[union-attr]


class FeedbackBlock(nn.Module):
    """1x1 of [input, hidden]; three dilated dense blocks, each with a hidden state of its own; 3x3 and ReLU."""

    def __init__(self, *, features: int, growth: int, blocks: int = 3) -> None:
        super().__init__()
        self.compress = nn.Conv2d(2 * features, features, 1)
        self.blocks = nn.ModuleList(DilatedDenseBlock(features=features, growth=growth) for _ in range(blocks))
        self.fuse = nn.Conv2d(features, features, 3, padding=1)

    def forward(self, x: Tensor, hidden: list[Tensor] | None) -> tuple[Tensor, list[Tensor]]:
        """Returns the block's output and the hidden states of the next iteration: own first, then the dense blocks'."""
        own = x if hidden is None else hidden[0]
        out = self.compress(torch.cat([x, own], dim=1))
        following = []
        for index, block in enumerate(self.blocks, start=1):
            out = block(out, None if hidden is None else hidden[index])
            following.append(out.detach())
        out = F.relu(self.fuse(out))
        return out, [out.detach(), *following]


class DilatedDenseBlock(nn.Module):
    """1x1 of [input, hidden], four dense 3x3 convolutions of dilation 2, 1x1; no residual sum (as published)."""

    def __init__(self, *, features: int, growth: int) -> None:
        super().__init__()
        self.compress = nn.Conv2d(2 * features, features, 1)
        self.dense = nn.ModuleList(
            nn.Conv2d(features + index * growth, growth, 3, padding=2, dilation=2, bias=False) for index in range(4)
        )
        self.fuse = nn.Conv2d(features + 4 * growth, features, 1, bias=False)

    def forward(self, x: Tensor, hidden: Tensor | None) -> Tensor:
        """Features (B, features, H, W) and hidden state (the input itself where None) -> features."""
        out = self.compress(torch.cat([x, x if hidden is None else hidden], dim=1))
        for convolution in self.dense:
            out = torch.cat([out, F.relu(convolution(out))], dim=1)
        return self.fuse(out)


def _reflect(x: Tensor) -> Tensor:
    """One reflected pixel around the image; repeated where a side has a single pixel, which cannot be reflected."""
    mode = "reflect" if min(x.shape[-2:]) > 1 else "replicate"
    return F.pad(x, (1, 1, 1, 1), mode=mode)
