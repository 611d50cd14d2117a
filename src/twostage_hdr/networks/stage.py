"""One stage of the network; alone it is the one-stage variant of the ablation [sharif2021twostage]."""

import torch
from torch import nn

from twostage_hdr.networks.hyper_parameters import constructor_arguments
from twostage_hdr.networks.rdab import RDAB
from twostage_hdr.radiometry.quantities import EncodedRGB


class Stage(nn.Module):
    """From an encoded image to an encoded image, both at full resolution.

    ::

        image -+-> conv3x3 (3 -> features) -> RDAB x blocks -> conv1x1 (features -> 3) -+
               |                                                                        + -> ReLU -> image
               +------------------------------------------------------------------------+

    Receptive radius: 1 + 5 * blocks pixels (11 for stage I, 6 for stage II); nothing is global.

    Args:
        features: channels between the first and the last convolution.
        growth: channels that each dense conv adds.
        blocks: number of RDABs, 2 in stage I and 1 in stage II. `Stage(blocks=3)` has 832,489 parameters and is the
            one-stage network of the two-stage network's size (834,476).
        residual_factor: m of the residual dense blocks, 0.2 in stage I and 0.5 in stage II.
        attention: False leaves the spatial attention out (an ablation).
        identity_start: start with the last convolution at zero, so that the untrained stage returns its input; the
            published code starts from PyTorch's random weights.
    """

    output = "encoded"

    def __init__(
        self,
        *,
        features: int = 64,
        growth: int = 32,
        blocks: int = 2,
        residual_factor: float = 0.2,
        attention: bool = True,
        identity_start: bool = False,
    ) -> None:
        super().__init__()
        self.hyper_parameters = constructor_arguments(locals())
        self.conv_in = nn.Conv2d(3, features, 3, padding=1)
        self.blocks = nn.Sequential(
            *(
                RDAB(features=features, growth=growth, residual_factor=residual_factor, attention=attention)
                for _ in range(blocks)
            )
        )
        self.conv_out = nn.Conv2d(features, 3, 1)
        if identity_start:
            nn.init.zeros_(self.conv_out.weight)
            nn.init.zeros_(self.conv_out.bias)  # type: ignore[arg-type]

    def forward(self, image: EncodedRGB) -> EncodedRGB:
        """(B, 3, H, W) in, (B, 3, H, W) out, >= 0 and not bounded above; any H, W >= 1."""
        features = self.conv_in(image)  # (B, features, H, W), no activation
        features = self.blocks(features)  # (B, features, H, W)
        residual = self.conv_out(features)  # (B, 3, H, W)
        return torch.relu(residual + image)
