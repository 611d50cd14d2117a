"""The two-stage network on several exposures; ours, after the outlook of [sharif2021twostage]."""

from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.networks.hyper_parameters import HyperParameters
from twostage_hdr.networks.stage import Stage
from twostage_hdr.networks.two_stage import TwoStageOutput
from twostage_hdr.radiometry.exposure_stack import ExposureStack, reference_frame
from twostage_hdr.radiometry.quantities import EncodedRGB

Features = Float[Tensor, "batch features height width"]


class FrameAttention(nn.Module):
    """How far each feature of a frame is to be believed beside the reference, in (0, 1) [yan2019ahdrnet].

    Args:
        features: channels of each.
    """

    def __init__(self, *, features: int = 64) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(2 * features, features, 3, padding=1)
        self.conv2 = nn.Conv2d(features, features, 3, padding=1)

    def forward(self, frame: Features, reference: Features) -> Features:
        """Of the shape of the frame's features."""
        return torch.sigmoid(self.conv2(torch.relu(self.conv1(torch.cat((frame, reference), 1)))))


class MultiShotStage(Stage):
    """Stage I whose features come from all frames.

    ::

        each frame, 6 channels --> stem (shared) --> x attention against the reference's -+
                                                                                         + conv3x3 --> features
        reference, 6 channels ---> stem (shared) ----------------------------------------+
        features --> RDABs --> conv1x1 --> + reference --> ReLU                     (as in `Stage`)

    Args:
        frames: how many, 2 or more; the reference is the first.
        features: see `Stage`.
        growth: see `Stage`.
    """

    def __init__(self, *, frames: int, features: int, growth: int) -> None:
        super().__init__(features=features, growth=growth)
        self.conv_in = nn.Conv2d(6, features, 3, padding=1)  # the stem
        self.attention = FrameAttention(features=features)
        self.merge = nn.Conv2d(frames * features, features, 3, padding=1)

    def merged(self, stack: ExposureStack) -> Features:
        """The features of all frames, (B, frames, 2, 3, H, W) to (B, features, H, W)."""
        reference, *others = (torch.relu(self.conv_in(frame)) for frame in stack.flatten(2, 3).unbind(1))
        believed = [frame * self.attention(frame, reference) for frame in others]
        merged: Tensor = self.merge(torch.cat((reference, *believed), 1))
        return merged

    def image(self, features: Features, shown: EncodedRGB) -> EncodedRGB:
        """The stage's image, from merged features and the reference frame."""
        return torch.relu(self.conv_out(self.blocks(features)) + shown)


class MultiShotNetwork(nn.Module):
    """Several exposures -> merged features -> stage I -> I_H' -> stage II, which sees the features too -> I_H.

    The paper's blocks are unchanged; what a frame recorded reaches them through the merged features.

    Args:
        frames: how many, 2 or more.
        features: channels inside both stages.
        growth: channels that each dense conv adds.
    """

    output: ClassVar[Literal["encoded", "linear"]] = "encoded"

    def __init__(self, *, frames: int = 3, features: int = 64, growth: int = 32) -> None:
        super().__init__()
        self.hyper_parameters: HyperParameters = {"frames": frames, "features": features, "growth": growth}
        self.frames = frames
        self.enhancement = MultiShotStage(frames=frames, features=features, growth=growth)
        self.tone_mapping = Stage(features=features, growth=growth, blocks=1, residual_factor=0.5)

    def forward(self, ldr: ExposureStack) -> EncodedRGB:
        """(B, frames, 2, 3, H, W), the reference first, to the HDR image on its scale, (B, 3, H, W); any H, W >= 1."""
        return self.stages(ldr).hdr

    def stages(self, ldr: ExposureStack, *, detach: bool = False) -> TwoStageOutput:
        """Both stages' images; `detach` cuts the gradient between them, as in `TwoStageNetwork`."""
        features = self.enhancement.merged(ldr)  # (B, features, H, W)
        enhanced = self.enhancement.image(features, reference_frame(ldr))  # (B, 3, H, W)
        seen, told = (enhanced.detach(), features.detach()) if detach else (enhanced, features)
        stage = self.tone_mapping
        hdr = torch.relu(stage.conv_out(stage.blocks(stage.conv_in(seen) + told)) + seen)  # (B, 3, H, W)
        return TwoStageOutput(enhanced=enhanced, hdr=hdr)
