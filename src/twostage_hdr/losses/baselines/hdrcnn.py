"""HDRCNN's loss: illumination and reflectance around the clipped highlights [eilertsen2017hdrcnn]."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.radiometry.gamma import decode_gamma
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB

LOG_OFFSET = 1 / 255
"""Added before every logarithm, in units of linear white."""

LUMINANCE_WEIGHTS = (0.213, 0.715, 0.072)
"""The source's weights of R, G, B."""

KERNEL_SIZE, KERNEL_SIGMA = 13, 4.2
"""Gaussian that separates illumination from reflectance, px."""


class HDRCNNLoss(nn.Module):
    """mean alpha [w (I_p - I_t)^2 + (1 - w) (R_p - R_t)^2], with

        I = Gaussian of log(luminance + 1/255),  R = log(image + 1/255) - I,
        alpha = clip((max_c target - 0.95) / 0.05, 0, 1) on the linear target.

    The Gaussian repeats the image's border (the source pads its logarithms with 0, which means a luminance of about 1).

    Args:
        illumination_weight: w, 0.5 as published.
        ramp_width: Width of alpha's ramp below white, in units of linear white.
    """

    kernel: Tensor

    def __init__(self, *, illumination_weight: float = 0.5, ramp_width: float = 0.05) -> None:
        super().__init__()
        self.illumination_weight, self.ramp_width = illumination_weight, ramp_width
        offset = torch.arange(KERNEL_SIZE, dtype=torch.float64) - KERNEL_SIZE // 2
        profile = torch.exp(-0.5 * (offset / KERNEL_SIGMA) ** 2)
        self.register_buffer("kernel", profile / profile.sum(), persistent=False)

    def forward(self, prediction: LinearRGB, target: EncodedRGB) -> Float[Tensor, ""]:
        """Scalar >= 0, squared natural logarithms.

        Args:
            prediction: Linear, 1.0 = LDR white, > -1/255 (before or after blending with the input).
            target: Encoded reference.
        """
        linear: LinearRGB = decode_gamma(target)
        alpha = ((linear.amax(dim=1, keepdim=True) - 1 + self.ramp_width) / self.ramp_width).clamp(0, 1)
        light_p, light_t = self._illumination(prediction), self._illumination(linear)
        reflectance = _log(prediction) - light_p - (_log(linear) - light_t)
        weight = self.illumination_weight
        error = weight * (light_p - light_t) ** 2 + (1 - weight) * reflectance**2  # (B, 3, H, W)
        return (alpha * error).mean()

    def _illumination(self, linear: Tensor) -> Tensor:
        border = KERNEL_SIZE // 2
        r, g, b = LUMINANCE_WEIGHTS
        log_luminance = _log(r * linear[:, :1] + g * linear[:, 1:2] + b * linear[:, 2:])
        padded = F.pad(log_luminance, (border, border, border, border), mode="replicate")
        kernel = self.kernel.to(linear)
        return F.conv2d(F.conv2d(padded, kernel.view(1, 1, -1, 1)), kernel.view(1, 1, 1, -1))


def _log(linear: Tensor) -> Tensor:
    return torch.log(linear + LOG_OFFSET)
