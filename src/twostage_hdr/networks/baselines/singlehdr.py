"""SingleHDR: the camera pipeline undone step by step [liu2020singlehdr]."""

from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.networks.baselines.hdrcnn import HDRCNN
from twostage_hdr.networks.baselines.response_estimation import ResponseEstimation, apply_response
from twostage_hdr.networks.baselines.supervised import pad_to_multiple
from twostage_hdr.networks.hyper_parameters import HyperParameters
from twostage_hdr.radiometry.gamma import HDM_GAMMA

RAMP_WIDTH = 0.12
"""Width of the ramp below white in which hallucinated content is added, in units of linear white."""


class SingleHDR(nn.Module):
    """Dequantization, linearization, hallucination, refinement.

        ldr -> U-Net -> dequantized -> inverse response -> linear -+-> + alpha * hallucinated -> hallucinated HDR -+
                                                          |        |         (HDRCNN-like)                         |
                                                          '--------+----- all three -----> U-Net -> + -> ReLU <----'

        alpha = max(0, max_c linear - 1 + 0.12) / 0.12

    Reduced: 16 features by default, a basis of sines for the response (see `ResponseEstimation`), and one training of
    the whole through its result; the source trains each part on its own target first.

    Args:
        features: Channels of each part's first level.
        gamma: Exponent of the inverse response that estimation starts from.
    """

    output: ClassVar[Literal["encoded", "linear"]] = "linear"

    def __init__(self, *, features: int = 16, gamma: float = HDM_GAMMA) -> None:
        super().__init__()
        self.hyper_parameters: HyperParameters = {"features": features, "gamma": gamma}
        self.dequantization = CorrectionUNet(inputs=3, features=features)
        self.response = ResponseEstimation(features=features, gamma=gamma)
        self.hallucination = HDRCNN(features=features, gamma=gamma)
        self.refinement = CorrectionUNet(inputs=9, features=features)

    def forward(self, ldr: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 height width"]:
        """LDR image, encoded, [0, 1] -> linear HDR image, >= 0, 1.0 = LDR white."""
        dequantized = (ldr + self.dequantization(ldr)).clamp(0, 1)
        linear = apply_response(dequantized, self.response(dequantized))
        alpha = ((linear.amax(dim=1, keepdim=True) - 1 + RAMP_WIDTH) / RAMP_WIDTH).clamp(0, 1)
        hallucinated = linear + alpha * F.relu(self.hallucination.supervised_output(linear))
        parts = torch.cat([dequantized, linear, hallucinated], dim=1)
        return F.relu(hallucinated + self.refinement(parts))


class CorrectionUNet(nn.Module):
    """A three-level U-Net whose last convolution starts at zero, so that it begins as no correction at all.

    Returns three channels to be added to an image; sides are padded to multiples of 4 inside and cropped.

    Args:
        inputs: Channels of the input.
        features: Channels of the first level (then 2 and 4 times as many).
    """

    def __init__(self, *, inputs: int, features: int) -> None:
        super().__init__()
        n = features
        self.level1, self.level2 = _double_conv(inputs, n), _double_conv(n, 2 * n)
        self.level3 = _double_conv(2 * n, 4 * n)
        self.rise2, self.rise1 = _double_conv(6 * n, 2 * n), _double_conv(3 * n, n)
        self.to_rgb = nn.Conv2d(n, 3, 1)
        nn.init.zeros_(self.to_rgb.weight)
        nn.init.zeros_(self.to_rgb.bias)  # type: ignore[arg-type]

    def forward(self, image: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch 3 height width"]:
        """Image or images on top of each other -> correction, any sign."""
        full = self.level1(pad_to_multiple(image, 4))
        half = self.level2(F.avg_pool2d(full, 2))
        quarter = self.level3(F.avg_pool2d(half, 2))
        half = self.rise2(torch.cat([_double(quarter), half], dim=1))
        full = self.rise1(torch.cat([_double(half), full], dim=1))
        return self.to_rgb(full)[..., : image.shape[-2], : image.shape[-1]]


def _double_conv(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        *(nn.Conv2d(inputs, outputs, 3, padding=1), nn.LeakyReLU(0.1)),
        *(nn.Conv2d(outputs, outputs, 3, padding=1), nn.LeakyReLU(0.1)),
    )


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
