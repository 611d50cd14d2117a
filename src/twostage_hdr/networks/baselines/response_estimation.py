"""The inverse camera response of an image, estimated by a small residual network [liu2020singlehdr]."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.radiometry.gamma import HDM_GAMMA

HISTOGRAM_BINS = (4, 8, 16)
"""Bins of the soft histograms that enter beside the image and its gradients."""

BASIS_SIZE = 11
"""Weights that describe a response."""

RESPONSE_SAMPLES = 1024
"""Points at which a response is tabulated over [0, 1]."""


class ResponseEstimation(nn.Module):
    """Image -> monotone inverse response, tabulated at 1024 points of [0, 1], 0 at 0 and 1 at 1.

    Image (3), Sobel gradients (6) and soft histograms of 4, 8, 16 bins (84) -> residual network -> 11 weights of a
    basis, added to a mean curve, made monotone. The published basis are principal components of measured responses, a
    data set that does not come with this package; ours is sin(k pi x), k = 1..11, around x^gamma.

    Args:
        features: Channels of the residual network's first block.
        gamma: Exponent of the mean curve.
    """

    basis: Tensor
    mean_curve: Tensor
    sobel: Tensor

    def __init__(self, *, features: int, gamma: float = HDM_GAMMA) -> None:
        super().__init__()
        x = torch.linspace(0, 1, RESPONSE_SAMPLES)
        order = torch.arange(1, BASIS_SIZE + 1)[:, None]
        across = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
        self.register_buffer("basis", torch.sin(math.pi * order * x), persistent=False)  # (11, 1024)
        self.register_buffer("mean_curve", x**gamma, persistent=False)
        self.register_buffer("sobel", torch.stack([across, across.T]).repeat(3, 1, 1)[:, None], persistent=False)
        self.first = nn.Conv2d(3 + 6 + 3 * sum(HISTOGRAM_BINS), features, 7, stride=2, padding=3)
        self.blocks = nn.Sequential(
            _ResidualBlock(features, features),
            _ResidualBlock(features, 2 * features),
            _ResidualBlock(2 * features, 4 * features),
        )
        self.to_weights = nn.Linear(4 * features, BASIS_SIZE)
        nn.init.zeros_(self.to_weights.weight)  # an untrained network returns the mean curve
        nn.init.zeros_(self.to_weights.bias)

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch samples"]:
        """Encoded image, [0, 1] -> tabulated inverse response."""
        gradients = F.conv2d(F.pad(image, (1, 1, 1, 1), mode="replicate"), self.sobel, groups=3)
        histograms = [soft_histogram(image, bins) for bins in HISTOGRAM_BINS]
        features = self.blocks(F.relu(self.first(torch.cat([image, gradients, *histograms], dim=1))))
        weights = self.to_weights(features.mean(dim=(2, 3)))  # (B, 11)
        # Not a matrix product: autocast would round the curve to bfloat16.
        return make_monotone(self.mean_curve + (weights.to(self.basis.dtype)[..., None] * self.basis).sum(dim=1))


def soft_histogram(
    image: Float[Tensor, "batch 3 height width"], bins: int
) -> Float[Tensor, "batch channels height width"]:
    """Membership of each pixel in each bin: 1 at the bin's centre, falling linearly to 0 one bin away."""
    centres = (torch.arange(bins, device=image.device, dtype=image.dtype) + 0.5) / bins
    distance = (image[:, :, None] - centres.view(1, 1, -1, 1, 1)).abs()
    return (1 - distance * bins).clamp(min=0).flatten(1, 2)


def make_monotone(curve: Float[Tensor, "batch samples"]) -> Float[Tensor, "batch samples"]:
    """Lifts all slopes by the most negative one, then scales: the curve rises from 0 to 1."""
    slopes = curve.diff(dim=1)
    slopes = slopes - slopes.amin(dim=1, keepdim=True).clamp(max=0)
    rising = slopes.cumsum(dim=1)
    return F.pad(rising / rising[:, -1:], (1, 0))


def apply_response(
    image: Float[Tensor, "batch 3 height width"], curve: Float[Tensor, "batch samples"]
) -> Float[Tensor, "batch 3 height width"]:
    """Looks an image in [0, 1] up in a tabulated curve, interpolating linearly; differentiable in both."""
    last = curve.shape[1] - 1
    position = image.clamp(0, 1).flatten(1) * last
    left = position.detach().floor().long().clamp(max=last - 1)
    low, high = curve.gather(1, left), curve.gather(1, left + 1)
    return (low + (position - left) * (high - low)).view_as(image)


class _ResidualBlock(nn.Module):
    """Two 3x3 convolutions with batch norm around a projection; halves the sides."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride=2, padding=1),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1),
            nn.BatchNorm2d(outputs),
        )
        self.project = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        # A 1x1 convolution of stride 2, as published. Written so, its backward pass corrupts the heap in oneDNN on
        # processors with AVX2 alone (PyTorch 2.13.0): a stride of 1 on every second pixel is the same arithmetic.
        return F.relu(self.body(x) + self.project(x[..., ::2, ::2]))
