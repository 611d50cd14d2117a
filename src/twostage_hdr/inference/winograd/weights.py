"""An RDAB's weights in the Winograd domain, with the residual factors multiplied in."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from twostage_hdr.inference.winograd.layout import PLANES, patch_planes
from twostage_hdr.inference.winograd.transforms import OUTPUTS, winograd_matrices
from twostage_hdr.networks.rdab import OUTER_FACTOR, RDAB

SKIP = OUTER_FACTOR + 1.0
"""Weight of x in R(x). It could be conv5's centre tap, but x would then share the rounding of the products."""

DENSE_CONVS = 4
"""How many convolutions add channels to x: x1..x4."""


class WinogradConv(NamedTuple):
    """A 3x3 convolution."""

    weight: Tensor
    """(36, out, in): one matrix per frequency."""
    bias: Tensor | None
    """(out, 1); None where an earlier product has added it."""


class WinogradWeights(NamedTuple):
    """RDAB(x) = 1.8 x + conv5(x, x1..x4) + sigmoid(gate) * attention(x), conv5 with 0.8 m in its weights.

    The five convolutions of the dense block and the attention's are grouped by what they read, since preparing an
    operand costs a matrix product of 32 rows about as much as multiplying it.
    """

    convs: tuple[WinogradConv, WinogradConv, WinogradConv, WinogradConv, WinogradConv]
    """x to x1 and attention; (x, x1) to x2 and a part of x3; x2 to the rest of x3; (x, x1..x3) to x4 and a part of
    conv5; x4 to the rest of conv5."""
    gate: Tensor | None
    """(16, 32, 3, 3) float32: the 7x7 gate as a 3x3 convolution of blocks."""
    input: Tensor
    """B^T x B^T with its columns in the order of the stored patches: (36, 36)."""
    output: Tensor
    """A^T x A^T and a column of ones for the bias: (16, 37)."""

    @property
    def features(self) -> int:
        """Channels of x."""
        return self.convs[-1].weight.shape[1]

    @property
    def growth(self) -> int:
        """Channels of each of x1..x4."""
        return self.convs[-1].weight.shape[2]


def transform_weights(block: nn.Module, *, dtype: torch.dtype) -> WinogradWeights:
    """Transforms the weights of one RDAB.

    Args:
        block: an RDAB, float32.
        dtype: of the matrices, float32 or bfloat16.
    """
    assert isinstance(block, RDAB)
    dense, matrices = block.dense, winograd_matrices()
    features, growth = dense.conv1.in_channels, dense.conv1.out_channels
    convs = [dense.conv1, dense.conv2, dense.conv3, dense.conv4, dense.conv5]
    first, second, third, fourth, fifth = (conv.weight.detach().double() for conv in convs)
    biases = [bias_of(conv).double() for conv in convs]
    factor = OUTER_FACTOR * dense.residual_factor
    gate = None
    if block.attention is not None:
        first = torch.cat((first, block.attention.conv.weight.detach().double()))
        biases[0] = torch.cat((biases[0], bias_of(block.attention.conv).double()))
        gate = _gate_of_blocks(block.attention.gate)
    last, last_bias = factor * fifth, factor * biases[4]
    two, four = features + growth, features + 3 * growth  # channels that the joint products read
    ones = torch.ones(PLANES, 1, dtype=torch.float64, device="cpu")
    return WinogradWeights(
        convs=(
            _transform_conv(first, biases[0], dtype),
            _transform_conv(torch.cat((second, third[:, :two])), torch.cat(biases[1:3]), dtype),
            _transform_conv(third[:, two:], None, dtype),
            _transform_conv(torch.cat((fourth, last[:, :four])), torch.cat((biases[3], last_bias)), dtype),
            _transform_conv(last[:, four:], None, dtype),
        ),
        gate=gate,
        input=matrices.input[:, patch_planes()].to(dtype),
        output=torch.cat((matrices.output, ones), 1).to(dtype),
    )


def bias_of(conv: nn.Conv2d) -> Tensor:
    """A convolution's bias: every one of the network but the gate has it."""
    assert conv.bias is not None
    return conv.bias.detach()


def _transform_conv(weight: Tensor, bias: Tensor | None, dtype: torch.dtype) -> WinogradConv:
    """(out, in, 3, 3) to one (out, in) matrix per frequency."""
    transformed = torch.einsum("ft,oit->foi", winograd_matrices().weight, weight.flatten(2))
    return WinogradConv(
        weight=transformed.to(dtype).contiguous(), bias=None if bias is None else bias[:, None].to(dtype)
    )


def _gate_of_blocks(gate: nn.Conv2d) -> Tensor:
    """The 7x7 convolution of (mean, max) as a 3x3 convolution from 2 x 16 planes to 16 planes."""
    weight = gate.weight.detach().float()[0]  # (2, 7, 7)
    blocked = weight.new_zeros(OUTPUTS, OUTPUTS, 2, OUTPUTS, OUTPUTS, 3, 3)
    for i in range(OUTPUTS):
        for j in range(OUTPUTS):
            # Input pixels of three blocks, the middle one has (i, j).
            taps = weight.new_zeros(2, 3 * OUTPUTS, 3 * OUTPUTS)
            taps[:, i + 1 : i + 8, j + 1 : j + 8] = weight
            blocked[i, j] = taps.view(2, 3, OUTPUTS, 3, OUTPUTS).permute(0, 2, 4, 1, 3)
    return blocked.view(PLANES, 2 * PLANES, 3, 3)
