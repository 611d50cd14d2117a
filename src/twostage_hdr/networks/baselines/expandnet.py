"""ExpandNet: local, dilated and global branches joined by 1x1 convolutions [marnerides2018expandnet]."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.networks.baselines.supervised import conv3x3, match_gain
from twostage_hdr.networks.hyper_parameters import constructor_arguments
from twostage_hdr.radiometry.gamma import HDM_GAMMA

GLOBAL_SIDE = 256
"""Side, px, to which the global branch's view of the image is resized."""


class ExpandNet(nn.Module):
    """Whole-image expansion: every pixel sees its neighbourhood, a wider one, and the image.

        ldr -> stretch to [0, 1] -+-> local:   3x3 3-64-128 --------------------+
                                  +-> dilated: four 3x3, dilation 2, 64 --------+-> 1x1 256-64 -> 1x1 64-3 -> sigmoid
                                  '-> global:  256x256, six stride 2, 4x4 ------'

    SELU everywhere but after the last convolution of each of the dilated and global branches. 456,899 parameters.

    The network is trained on HDR images stretched to [0, 1] one by one, so its raw output has lost its scale (and its
    black level, which is taken as 0). `forward` restores the scale from the input: the gain that makes the
    well-exposed pixels of the linearised input and of the output agree in the median. The published program instead
    stitches zero-padded tiles and stretches each result to its own minimum and maximum; neither is repeated here.

    Args:
        features: Channels of the branches, 64 as published.
        gamma: Exponent that linearises the input for the gain, dimensionless.
    """

    output = "linear"

    def __init__(self, *, features: int = 64, gamma: float = HDM_GAMMA) -> None:
        super().__init__()
        self.hyper_parameters = constructor_arguments(locals())
        self.gamma = gamma
        n = features
        self.local = nn.Sequential(conv3x3(3, n), nn.SELU(), conv3x3(n, 2 * n), nn.SELU())
        self.dilated = nn.Sequential(
            *(layer for inputs in (3, n, n) for layer in (conv3x3(inputs, n, dilation=2), nn.SELU())),
            conv3x3(n, n, dilation=2),
        )
        self.whole = nn.Sequential(
            *(layer for inputs in (3, n, n, n, n, n) for layer in (conv3x3(inputs, n, stride=2), nn.SELU())),
            nn.Conv2d(n, n, 4),
        )
        self.join = nn.Sequential(nn.Conv2d(4 * n, n, 1), nn.SELU(), nn.Conv2d(n, 3, 1), nn.Sigmoid())

    def forward(self, ldr: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 height width"]:
        """LDR image, encoded, [0, 1] -> linear HDR image, 1.0 = LDR white."""
        return match_gain(self.supervised_output(ldr), ldr.clamp(min=0) ** self.gamma)

    def supervised_output(self, ldr: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 height width"]:
        """LDR image, encoded, [0, 1] -> HDR image stretched to [0, 1], linear; what the loss is computed on."""
        return self.normalised(stretch(ldr))

    def normalised(self, stretched: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 height width"]:
        """The network itself: image stretched to [0, 1] -> linear image in (0, 1)."""
        view = F.interpolate(stretched, (GLOBAL_SIDE, GLOBAL_SIDE), mode="bilinear", align_corners=False)
        context = self.whole(view).expand(-1, -1, *stretched.shape[-2:])  # (B, features, 1, 1) -> every pixel
        return self.join(torch.cat([self.local(stretched), self.dilated(stretched), context], dim=1))


def stretch(image: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 height width"]:
    """Maps each image's minimum to 0 and its maximum to 1; a constant image is left as it is."""
    low, high = image.amin(dim=(1, 2, 3), keepdim=True), image.amax(dim=(1, 2, 3), keepdim=True)
    constant = high == low
    return torch.where(constant, image, (image - low) / torch.where(constant, 1, high - low))
