"""SingleHDR in full, as its published weights were trained and are run [liu2020singlehdr]."""

from itertools import pairwise
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.networks.baselines.hdrcnn import HDRCNN, LogSkip
from twostage_hdr.networks.baselines.response_estimation import (
    BASIS_SIZE,
    HISTOGRAM_BINS,
    RESPONSE_SAMPLES,
    apply_response,
    make_monotone,
)
from twostage_hdr.networks.baselines.singlehdr import RAMP_WIDTH
from twostage_hdr.networks.hyper_parameters import HyperParameters

_STRIDE = 64
_BORDER = 32
_SLOPE = 0.1
_SLIM_EPSILON = 1e-3
"""Of the response estimation's batch norms: the default of the library that it was written with."""


class PublishedSingleHDR(nn.Module):
    """Dequantization, linearization, hallucination, refinement; 29,036,815 trainable parameters.

    ::

        ldr -> U-Net, tanh -> + -> C -> response (image, Sobel, histograms -> ResNet -> 11 weights) -> B(C)
        alpha = max(0, max_c B - 1 + 0.12) / 0.12;   A = B + alpha * ReLU(VGG16 autoencoder(B))
        result = ReLU(A + U-Net(A, B, C))

    As in the published program, the image is stretched (bicubic) to sides that are multiples of 64, mirrored 32 px
    beyond its borders, and the result is taken back to its size. The scale is the network's own, about the input's:
    training took the mean out of both images. `SingleHDR` is the reduced one to be trained here.

    Args:
        features: Channels of the U-Nets' first level, 16 as published; the other parts have four times as many.
    """

    output: ClassVar[Literal["encoded", "linear"]] = "linear"

    def __init__(self, *, features: int = 16) -> None:
        super().__init__()
        self.hyper_parameters: HyperParameters = {"features": features}
        self.dequantization = _UNet(3, features, deepest=16)
        self.response = _Response(4 * features)
        self.hallucination = _Hallucination(4 * features)
        self.refinement = _UNet(9, features, deepest=8)

    def forward(self, ldr: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 height width"]:
        """LDR image, encoded, [0, 1] -> linear HDR image, >= 0, about 1.0 = LDR white."""
        height, width = ldr.shape[-2:]
        whole = [_STRIDE * -(-side // _STRIDE) for side in (height, width)]
        stretched = whole != [height, width]
        frame = F.interpolate(ldr, whole, mode="bicubic") if stretched else ldr
        for axis in (-2, -1):  # mirrored with the border itself, unlike PyTorch's "reflect"
            first, last = frame.narrow(axis, 0, _BORDER), frame.narrow(axis, -_BORDER, _BORDER)
            frame = torch.cat([first.flip(axis), frame, last.flip(axis)], dim=axis)
        hdr = self.frame_output(frame)[..., _BORDER:-_BORDER, _BORDER:-_BORDER]
        return F.interpolate(hdr, (height, width), mode="bicubic").clamp(min=0) if stretched else hdr

    def frame_output(self, frame: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch 3 height width"]:
        """The four parts without stretching and borders; sides are multiples of 32."""
        dequantized = (frame + self.dequantization(frame).tanh()).clamp(0, 1)
        linear = apply_response(dequantized, self.response(dequantized))
        alpha = ((linear.amax(dim=1, keepdim=True) - 1 + RAMP_WIDTH) / RAMP_WIDTH).clamp(0, 1)
        hallucinated = linear + alpha * F.relu(self.hallucination(linear))
        return F.relu(hallucinated + self.refinement(torch.cat([hallucinated, linear, dequantized], dim=1)))


class _UNet(nn.Module):
    """Five levels, two convolutions each; returns three channels of any sign."""

    def __init__(self, inputs: int, n: int, *, deepest: int) -> None:
        super().__init__()
        widths = [inputs, n, 2 * n, 4 * n, 8 * n, deepest * n]
        self.down = nn.ModuleList(
            nn.Sequential(_conv(a, b, kernel), _conv(b, b, kernel))
            for (a, b), kernel in zip(pairwise(widths), (7, 5, 3, 3, 3), strict=True)
        )
        self.up = nn.ModuleList(nn.Sequential(_conv(a, b, 3), _conv(2 * b, b, 3)) for a, b in pairwise(widths[:0:-1]))
        self.to_rgb = nn.Conv2d(n, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        skips: list[Tensor] = []
        for level, down in enumerate(self.down):
            x = down(F.avg_pool2d(x, 2) if level else x)
            skips.append(x)
        skips.pop()
        for up in self.up:
            before, after = up.children()
            x = after(torch.cat([before(_double(x)), skips.pop()], dim=1))
        rgb: Tensor = self.to_rgb(x)
        return rgb


class _Response(nn.Module):
    """Image -> monotone inverse response, tabulated at 1024 points of [0, 1]."""

    mean_curve: Tensor
    basis: Tensor
    sobel: Tensor

    def __init__(self, n: int) -> None:
        super().__init__()
        across = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
        self.register_buffer("sobel", torch.stack([across.T, across]).repeat(3, 1, 1)[:, None], persistent=False)
        # The EMoR model of responses, which comes with the weights; until then, the identity.
        self.register_buffer("mean_curve", torch.linspace(0, 1, RESPONSE_SAMPLES))
        self.register_buffer("basis", torch.zeros(BASIS_SIZE, RESPONSE_SAMPLES))
        self.conv1 = nn.Conv2d(9 + 3 * sum(bins + 1 for bins in HISTOGRAM_BINS), n, 7, stride=2)
        self.bn_conv1 = nn.BatchNorm2d(n, eps=_SLIM_EPSILON)
        self.blocks = nn.Sequential(
            *(_Bottleneck(n, n), _Bottleneck(4 * n, n), _Bottleneck(4 * n, n)),
            *(_Bottleneck(4 * n, 2 * n, stride=2), _Bottleneck(8 * n, 2 * n)),
        )
        self.to_weights = nn.Linear(8 * n, BASIS_SIZE)

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch samples"]:
        gradients = F.conv2d(F.pad(image, (1, 1, 1, 1), mode="reflect"), self.sobel, groups=3)
        x = torch.cat([image, gradients, *(_histogram(image, bins) for bins in HISTOGRAM_BINS)], dim=1)
        # TensorFlow's "SAME" borders of stride 2 and even sides.
        x = F.relu(self.bn_conv1(self.conv1(F.pad(x, (2, 3, 2, 3)))))
        x = self.blocks(F.max_pool2d(F.pad(x, (0, 1, 0, 1)), 3, stride=2))
        weights = self.to_weights(x.mean(dim=(2, 3)))[..., None]
        # No matrix product: in bfloat16 its rounding would give a curve of steps, whose slopes are noise.
        return make_monotone(self.mean_curve + (weights * self.basis).sum(dim=1))


class _Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 convolutions beside the identity, or beside a projection where the width changes."""

    def __init__(self, inputs: int, n: int, *, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        sizes = [(inputs, n, 1), (n, n, 3), (n, 4 * n, 1)]
        self.branch2 = nn.Sequential(*(_norm_conv(a, b, k) for a, b, k in sizes))
        self.branch1 = nn.Identity() if inputs == 4 * n else _norm_conv(inputs, 4 * n, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = x[..., :: self.stride, :: self.stride]  # as a 1x1 convolution of that stride
        first, second, third = self.branch2
        return F.relu(self.branch1(x) + third(F.relu(second(F.relu(first(x))))))


class _Hallucination(HDRCNN):
    """HDRCNN's autoencoder of a linear image, without its logarithms and deconvolutions."""

    def __init__(self, n: int) -> None:
        super().__init__(features=n)
        widths = [8 * n, 8 * n, 8 * n, 4 * n, 2 * n, n]
        self.upsample = nn.ModuleList(_upsample(a, b) for a, b in pairwise(widths))
        self.fuse = nn.ModuleList(_LinearSkip(width) for width in widths[1:])
        self.fuse_input = _LinearSkip(3)

    def forward(self, linear: Tensor) -> Tensor:
        return self.log_prediction(linear)  # here, light of any sign


class _LinearSkip(LogSkip):
    def forward(self, decoded: Tensor, encoded: Tensor) -> Tensor:
        return self.mix(torch.cat([decoded, encoded / 255], dim=1))


def _conv(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2), nn.LeakyReLU(_SLOPE))


def _norm_conv(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs, eps=_SLIM_EPSILON))


def _upsample(inputs: int, outputs: int) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode="reflect")
    return nn.Sequential(nn.Upsample(scale_factor=2), convolution, nn.ReLU(), nn.BatchNorm2d(outputs), nn.ReLU())


def _histogram(image: Tensor, bins: int) -> Tensor:
    """Membership of each pixel in each of bins + 1 bins, centred at 0, 1 / bins, ..., 1."""
    centres = torch.linspace(0, 1, bins + 1, device=image.device, dtype=image.dtype).view(-1, 1, 1, 1)
    return (1 - (image[:, None] - centres).abs() * bins).clamp(min=0).flatten(1, 2)


def _double(x: Tensor) -> Tensor:
    """Bilinear, with the first pixels of both sides on each other, as TensorFlow 1 has it."""
    height, width = x.shape[-2:]
    sides = (2 * height + 1, 2 * width + 1)
    padded = F.pad(x, (0, 1, 0, 1), mode="replicate")
    return F.interpolate(padded, sides, mode="bilinear", align_corners=True)[..., :-1, :-1]
