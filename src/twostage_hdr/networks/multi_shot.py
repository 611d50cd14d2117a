"""The two-stage network on several exposures; ours, after the outlook of [sharif2021twostage]."""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.networks.exposure_merge import RADIUS, merge_exposures
from twostage_hdr.networks.hyper_parameters import constructor_arguments
from twostage_hdr.networks.stage import Stage
from twostage_hdr.networks.two_stage import TwoStageOutput
from twostage_hdr.radiometry.exposure_stack import ExposureStack
from twostage_hdr.radiometry.gamma import HDM_GAMMA, encode_gamma
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
    """A stage that also sees the frames.

    ::

        each frame, 6 channels --> stem (shared) --> x attention against the reference's -+
                                                                                         + conv3x3 --> features
        reference, 6 channels ---> stem (shared) ----------------------------------------+

    Args:
        frames: how many, 2 or more; the reference is the first.
        features, growth, identity_start: see `Stage`.
    """

    def __init__(self, *, frames: int, features: int, growth: int, identity_start: bool) -> None:
        super().__init__(features=features, growth=growth, identity_start=identity_start)
        self.stem = nn.Conv2d(6, features, 3, padding=1)
        self.attention = FrameAttention(features=features)
        self.merge = nn.Conv2d(frames * features, features, 3, padding=1)
        nn.init.zeros_(self.merge.weight)  # the untrained stage is that of a single photograph
        nn.init.zeros_(self.merge.bias)  # type: ignore[arg-type]

    def merged(self, stack: ExposureStack) -> Features:
        """The features of all frames, (B, frames, 2, 3, H, W) to (B, features, H, W)."""
        reference, *others = (torch.relu(self.stem(frame)) for frame in stack.flatten(2, 3).unbind(1))
        believed = [frame * self.attention(frame, reference) for frame in others]
        features: Tensor = self.merge(torch.cat((reference, *believed), 1))
        return features


class MultiShotNetwork(nn.Module):
    """The two stages on one photograph merged from all frames, with the features of all frames beside it.

    ::

        frames --> merge without weights, 1.0 = the shortest frame's white --> conv_in --+
                                                                                        + --> RDABs ... --> I_H' ...
        frames --> stem, attention, conv3x3 -------------------------------- features --+

    The paper's blocks are unchanged, and both stages see the features. What is clipped in all frames is clipped in the
    merged photograph, so that the stages can start from weights that were trained on single photographs.

    Args:
        frames: how many, 2 or more.
        features: channels inside both stages.
        growth: channels that each dense conv adds.
        identity_start: of both stages, see `Stage`: the untrained network returns the merged photograph.
    """

    output = "encoded"
    receptive_radius: ClassVar[int] = RADIUS + 1 + 5 * 2 + 1 + 5
    """How far a pixel sees, px: the merge, then two stages; the features see less far."""

    def __init__(self, *, frames: int = 3, features: int = 64, growth: int = 32, identity_start: bool = False) -> None:
        super().__init__()
        self.hyper_parameters = constructor_arguments(locals())
        self.frames = frames
        self.enhancement = MultiShotStage(
            frames=frames, features=features, growth=growth, identity_start=identity_start
        )
        self.tone_mapping = Stage(
            features=features, growth=growth, blocks=1, residual_factor=0.5, identity_start=identity_start
        )

    def forward(self, ldr: ExposureStack) -> EncodedRGB:
        """(B, frames, 2, 3, H, W), the reference first, to the HDR image on its scale, (B, 3, H, W); any H, W >= 1."""
        return self.stages(ldr).hdr

    def stages(self, ldr: ExposureStack, *, detach: bool = False) -> TwoStageOutput:
        """Both stages' images on the reference's scale, stage I's clipped at its white as its 8-bit target is.

        Args:
            ldr: (B, frames, 2, 3, H, W), the reference first.
            detach: cuts the gradient between the stages, as in `TwoStageNetwork`.
        """
        photograph, white = merge_exposures(ldr)  # (B, 3, H, W) linear, (B, 1, 1, 1)
        features = self.enhancement.merged(ldr)  # (B, features, H, W)
        enhanced = _image(self.enhancement, encode_gamma(photograph / white), features)  # (B, 3, H, W)
        seen, beside = (enhanced.detach(), features.detach()) if detach else (enhanced, features)
        hdr = _image(self.tone_mapping, seen, beside)  # (B, 3, H, W)
        scale = white ** (1 / HDM_GAMMA)
        return TwoStageOutput(enhanced=(enhanced * scale).clamp(max=1), hdr=hdr * scale)


def _image(stage: Stage, image: EncodedRGB, features: Features) -> EncodedRGB:
    """`Stage` with features added to those of its image."""
    return torch.relu(stage.conv_out(stage.blocks(stage.conv_in(image) + features)) + image)
