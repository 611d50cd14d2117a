"""An RDAB's weights in the Winograd domain, with the residual factors multiplied in."""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor, nn

from twostage_hdr.inference.winograd.transforms import transformed_weight
from twostage_hdr.networks.rdab import OUTER_FACTOR, RDAB

SKIP = OUTER_FACTOR + 1.0
"""Weight of x in R(x). It could be conv5's centre tap, but x would then share the rounding of the products."""

DENSE_CONVS = 4
"""How many convolutions add channels to x: x1..x4."""


class WinogradConv(NamedTuple):
    """A 3x3 convolution of the first channels of x, x1..x4."""

    weight: Tensor
    """One (out, in) matrix for each of the 36 frequencies, in the order that the products take."""
    bias: Tensor
    """(out,) float32."""
    seen: int
    """Channels that it reads."""


class WinogradWeights(NamedTuple):
    """RDAB(x) = 1.8 x + last(x, x1..x4) + sigmoid(gate) * attention(x)."""

    growing: list[WinogradConv]
    """To x1..x4."""
    last: WinogradConv
    """The fifth, with 0.8 m in its weights."""
    attention: WinogradConv | None
    gate: Tensor | None
    """Float32, as the tiles take it: of the mean and the maximum of x."""

    @property
    def features(self) -> int:
        """Channels of x."""
        return self.growing[0].seen

    @property
    def growth(self) -> int:
        """Channels of each of x1..x4."""
        return len(self.growing[0].bias)


def transform_weights(block: nn.Module, pack: Callable[[Tensor], Tensor]) -> WinogradWeights:
    """Transforms the weights of one RDAB.

    Args:
        block: an RDAB, float32.
        pack: from (36, out, in) float64 to what the products take.
    """
    assert isinstance(block, RDAB)
    dense = block.dense

    def transformed(conv: nn.Conv2d, factor: float = 1.0) -> WinogradConv:
        weight = factor * conv.weight.detach().double()
        return WinogradConv(pack(transformed_weight(weight)), factor * bias_of(conv).float(), conv.in_channels)

    return WinogradWeights(
        growing=[transformed(conv) for conv in (dense.conv1, dense.conv2, dense.conv3, dense.conv4)],
        last=transformed(dense.conv5, OUTER_FACTOR * dense.residual_factor),
        attention=None if block.attention is None else transformed(block.attention.conv),
        gate=None if block.attention is None else block.attention.gate.weight.detach().float().contiguous(),
    )


def bias_of(conv: nn.Conv2d) -> Tensor:
    """A convolution's bias: every one of the network but the gate has it."""
    assert conv.bias is not None
    return conv.bias.detach()
