"""HDRCNN: a VGG16 autoencoder that predicts the logarithm of what the highlights hide [eilertsen2017hdrcnn]."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.networks.baselines.supervised import pad_to_multiple
from twostage_hdr.networks.hyper_parameters import constructor_arguments
from twostage_hdr.radiometry.gamma import HDM_GAMMA

LOG_OFFSET = 1 / 255
"""Added before every logarithm, in units of linear white [eilertsen2017hdrcnn]."""

VGG_RGB_MEAN = (123.68, 116.779, 103.939)
"""Mean of R, G, B over VGG16's training images, 8-bit units."""

PUBLISHED_GAMMA = 2.0
"""Exponent by which the published program linearises its input, dimensionless."""

_STAGE_DEPTHS = (2, 2, 3, 3, 3)
_STRIDE = 32


class HDRCNN(nn.Module):
    """Fills the clipped highlights of one exposure; everything else is the linearised input.

        ldr --x255, BGR, -mean--> VGG16 conv1..conv5 --> latent --> 5 x (deconvolution, fuse skip) --> 1x1 --+ fuse
         |                          '--- log((h/255)^2 + 1/255) skips ---'                                   |
         |--- log(x^2 + 1/255) ------------------------------------------------------------------------------'
         |                                                                        y = exp(.) - 1/255         |
         '--> H = (1 - alpha) x^gamma + alpha y,      alpha = clip((max_c x - 0.95) / 0.05, 0, 1)   <--------'

    29,443,358 trainable parameters at the published width. Sides are padded to multiples of 32 inside and cropped
    (the published program resizes the image instead).

    Args:
        features: Channels of the first stage; 64 as published (smaller for small budgets).
        gamma: Exponent that linearises the input, 2.24 so that unclipped HdM pixels come back exactly; the published
            program uses 2.0.
        blend_width: Width of the ramp below white over which the prediction replaces the input, in units of LDR white.
    """

    mean: Tensor
    output = "linear"

    def __init__(self, *, features: int = 64, gamma: float = HDM_GAMMA, blend_width: float = 0.05) -> None:
        super().__init__()
        self.hyper_parameters = constructor_arguments(locals())
        self.gamma, self.blend_width = gamma, blend_width
        widths = [features * factor for factor in (1, 2, 4, 8, 8)]
        self.register_buffer("mean", torch.tensor(VGG_RGB_MEAN[::-1]).view(1, 3, 1, 1), persistent=False)
        self.encoder = nn.ModuleList(
            _vgg_stage(inputs, outputs, depth)
            for inputs, outputs, depth in zip([3, *widths[:-1]], widths, _STAGE_DEPTHS, strict=True)
        )
        deepest = widths[-1]
        self.latent = nn.Sequential(nn.Conv2d(deepest, deepest, 3, padding=1), nn.BatchNorm2d(deepest), nn.ReLU())
        rising = widths[::-1]
        self.upsample = nn.ModuleList(
            _Upsample(inputs, outputs) for inputs, outputs in zip([deepest, *rising[:-1]], rising, strict=True)
        )
        self.fuse = nn.ModuleList(LogSkip(width) for width in rising)
        to_rgb = nn.Conv2d(features, 3, 1)
        nn.init.xavier_normal_(to_rgb.weight)
        nn.init.zeros_(to_rgb.bias)  # type: ignore[arg-type]
        self.to_rgb = nn.Sequential(to_rgb, nn.BatchNorm2d(3), nn.ReLU())
        self.fuse_input = LogSkip(3)

    def forward(self, ldr: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 height width"]:
        """LDR image, encoded, [0, 1] -> linear HDR image, >= 0, 1.0 = LDR white."""
        brightest = ldr.amax(dim=1, keepdim=True)
        alpha = ((brightest - 1 + self.blend_width) / self.blend_width).clamp(0, 1)
        return (1 - alpha) * ldr**self.gamma + alpha * self.supervised_output(ldr).clamp(min=0)

    def supervised_output(self, ldr: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 height width"]:
        """The prediction before it is blended with the input: linear, > -1/255; what the loss is computed on."""
        return self.log_prediction(ldr).exp() - LOG_OFFSET

    def log_prediction(self, ldr: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 height width"]:
        """The network's raw output: natural logarithm of (linear + 1/255)."""
        padded = 255 * pad_to_multiple(ldr, _STRIDE)
        x, skips = padded.flip(1) - self.mean, []
        for stage in self.encoder:
            x = stage(x)
            skips.append(x)
            x = F.max_pool2d(x, 2)
        x = self.latent(x)  # (B, 8 features, H/32, W/32)
        for upsample, fuse, skip in zip(self.upsample, self.fuse, reversed(skips), strict=True):
            x = fuse(upsample(x), skip)
        log_hdr: Tensor = self.fuse_input(self.to_rgb(x), padded)
        return log_hdr[..., : ldr.shape[-2], : ldr.shape[-1]]


class LogSkip(nn.Module):
    """Joins an encoder's feature, taken to the decoder's logarithmic domain, with a 1x1 conv that begins as a sum."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(2 * width, width, 1)
        with torch.no_grad():
            self.mix.weight.copy_(torch.eye(width).repeat(1, 2)[..., None, None])
            self.mix.bias.zero_()  # type: ignore[union-attr]

    def forward(self, decoded: Tensor, encoded: Tensor) -> Tensor:
        """Features of one scale, the encoder's in 8-bit units."""
        return self.mix(torch.cat([decoded, torch.log((encoded / 255) ** 2 + LOG_OFFSET)], dim=1))


class _Upsample(nn.Sequential):
    """A 4x4 deconvolution of stride 2 that begins as bilinear interpolation, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        deconvolution = nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1)
        ramp = torch.tensor([0.25, 0.75, 0.75, 0.25])
        with torch.no_grad():
            deconvolution.weight.zero_()
            diagonal = torch.arange(outputs)
            deconvolution.weight[diagonal, diagonal] = torch.outer(ramp, ramp)
            deconvolution.bias.zero_()  # type: ignore[union-attr]
        super().__init__(deconvolution, nn.BatchNorm2d(outputs), nn.ReLU())


def _vgg_stage(inputs: int, outputs: int, depth: int) -> nn.Sequential:
    """`depth` 3x3 convolutions with ReLU, without the pooling that follows."""
    layers: list[nn.Module] = []
    for index in range(depth):
        convolution = nn.Conv2d(inputs if index == 0 else outputs, outputs, 3, padding=1)
        nn.init.kaiming_normal_(convolution.weight)
        nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]
        layers += [convolution, nn.ReLU()]
    return nn.Sequential(*layers)
