"""The two-stage network: enhancement, then tone mapping and bit expansion [sharif2021twostage].

"Tone mapping" is the paper's word for stage II. It goes from LDR to HDR: inverse tone mapping in the field's words.
"""

from functools import partial
from typing import NamedTuple

from torch import nn

from twostage_hdr.networks.hyper_parameters import constructor_arguments
from twostage_hdr.networks.stage import Stage
from twostage_hdr.radiometry.quantities import EncodedRGB


class TwoStageOutput(NamedTuple):
    """Both stages' images, (B, 3, H, W) each, >= 0."""

    enhanced: EncodedRGB
    """I_H', stage I: learns the 8-bit reference in [0, 1], but only a ReLU bounds it (from below)."""
    hdr: EncodedRGB
    """I_H, stage II: the 16-bit result; may exceed 1."""


class TwoStageNetwork(nn.Module):
    """I_L -> stage I (enhancement) -> I_H' -> stage II (tone mapping and bit expansion) -> I_H.

    ::

        ldr I_L --> enhancement: 2 RDABs, m = 0.2 --> I_H' --> tone mapping: 1 RDAB, m = 0.5 --> hdr I_H
        [0, 1]      555,655 parameters                >= 0     278,821 parameters                >= 0, may exceed 1

    All at full resolution; receptive radius 11 + 6 = 17 pixels, so tiles can be exact.

    Args:
        features: channels inside both stages.
        growth: channels that each dense conv adds.
        enhancement_blocks: RDABs of stage I.
        enhancement_residual_factor: m of stage I.
        tone_mapping_blocks: RDABs of stage II.
        tone_mapping_residual_factor: m of stage II.
        attention: False leaves the spatial attention out of both stages (an ablation).
        identity_start: of both stages, see `Stage`.
    """

    output = "encoded"

    def __init__(
        self,
        *,
        features: int = 64,
        growth: int = 32,
        enhancement_blocks: int = 2,
        enhancement_residual_factor: float = 0.2,
        tone_mapping_blocks: int = 1,
        tone_mapping_residual_factor: float = 0.5,
        attention: bool = True,
        identity_start: bool = False,
    ) -> None:
        super().__init__()
        self.hyper_parameters = constructor_arguments(locals())
        stage = partial(Stage, features=features, growth=growth, attention=attention, identity_start=identity_start)
        self.enhancement = stage(blocks=enhancement_blocks, residual_factor=enhancement_residual_factor)
        self.tone_mapping = stage(blocks=tone_mapping_blocks, residual_factor=tone_mapping_residual_factor)

    def forward(self, ldr: EncodedRGB) -> EncodedRGB:
        """LDR frame in [0, 1], (B, 3, H, W), to the HDR image of the same shape; any H, W >= 1."""
        return self.stages(ldr).hdr

    def stages(self, ldr: EncodedRGB, *, detach: bool = False) -> TwoStageOutput:
        """Both stages' images.

        Args:
            ldr: (B, 3, H, W) in [0, 1].
            detach: cut the gradient between the stages, so that stage II does not train stage I (the published way).
        """
        enhanced = self.enhancement(ldr)  # (B, 3, H, W)
        hdr = self.tone_mapping(enhanced.detach() if detach else enhanced)  # (B, 3, H, W)
        return TwoStageOutput(enhanced=enhanced, hdr=hdr)
