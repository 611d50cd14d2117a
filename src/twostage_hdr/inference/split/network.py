"""The stages for a GPU's matrix units: no concatenations, few wide products, and sums in one pass over the memory.

A convolution of a concatenation is the sum of the convolutions of its parts. So what comes out of x, or out of one of
the dense block's x1 to x4, is convolved once for all that read it, 256 channels at a time for x instead of 32::

    x  -> [conv1 | conv2 | conv3 | conv4 | conv5 | attention's conv]
    x1 ->         [conv2 | conv3 | conv4 | conv5]               x2 = ReLU(what x and x1 gave to conv2 + bias)
    x2 ->                 [conv3 | conv4 | conv5]               ...

Same function, other order of sums: in bfloat16 each part is rounded once before they are added in float32.
"""

import warnings
from collections.abc import Sequence
from functools import cache
from types import ModuleType

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from twostage_hdr.boundary.refusal import one_line
from twostage_hdr.inference.split import sums
from twostage_hdr.networks.rdab import OUTER_FACTOR, RDAB, channels_of
from twostage_hdr.networks.stage import Stage

CONVOLUTIONS = 5
"""Of a dense block."""


class SplitBlock(nn.Module):
    """RDAB(x) by wide products, from and to features of one dtype.

    Args:
        block: what it computes; its weights are copied.
        dtype: of the products and of what is stored between them.
    """

    gate: Tensor
    attention_bias: Tensor

    def __init__(self, block: RDAB, *, dtype: torch.dtype) -> None:
        super().__init__()
        dense = block.dense
        convs = [dense.conv1, dense.conv2, dense.conv3, dense.conv4, dense.conv5]
        features, growth = dense.conv1.in_channels, dense.conv1.out_channels
        self.widths = [growth] * 4 + [features]
        # R(x) = factor x5 + (1 + OUTER_FACTOR) x; the factor goes into the weights of conv5.
        factors = [1.0] * 4 + [OUTER_FACTOR * dense.residual_factor]
        places = [slice(0, features)] + [slice(features + i * growth, features + (i + 1) * growth) for i in range(4)]
        self.attended = block.attention is not None
        with torch.no_grad():
            for source, place in enumerate(places):
                read = [factors[i] * convs[i].weight[:, place] for i in range(source, CONVOLUTIONS)]
                if block.attention is not None and source == 0:
                    read.append(block.attention.conv.weight)
                weight = torch.cat(read).to(dtype).contiguous(memory_format=torch.channels_last)
                self.register_buffer(f"weight{source}", weight)
            for index, (conv, factor) in enumerate(zip(convs, factors, strict=True), 1):
                self.register_buffer(f"bias{index}", factor * conv.bias.detach())  # type: ignore[union-attr]
            if block.attention is not None:
                self.register_buffer("attention_bias", block.attention.conv.bias.detach().clone())  # type: ignore[union-attr]
                self.register_buffer("gate", block.attention.gate.weight.detach().clone())

    def forward(self, x: sums.Features, how: ModuleType = sums) -> sums.Features:
        """RDAB(x), (B, features, H, W); `how` has the passes over the memory, those of `sums` or of `sums_triton`."""
        parts: list[list[Tensor]] = [[] for _ in range(CONVOLUTIONS)]
        attention = None
        for source in range(CONVOLUTIONS):
            read = x[0] if source == 0 else how.sum_relu(parts[source - 1], getattr(self, f"bias{source}"))
            product = F.conv2d(read, getattr(self, f"weight{source}"), padding=1)
            widths = self.widths[source:]
            if self.attended and source == 0:
                attention = how.gate(how.mean_and_max(x), self.gate), product[:, sum(widths) :], self.attention_bias
                product = product[:, : sum(widths)]
            for target, part in zip(parts[source:], product.split(widths, 1), strict=True):
                target.append(part)
        return how.finish(x, 1 + OUTER_FACTOR, parts[-1], self.bias5, attention)


class SplitStage(nn.Module):
    """A stage by wide products, from an image to an image in float32.

    Args:
        stage: what it computes; its weights are copied.
        dtype: see `SplitBlock`.
    """

    first: Tensor
    first_bias: Tensor
    last: Tensor
    last_bias: Tensor

    def __init__(self, stage: Stage, *, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype
        self.register_buffer("first", stage.conv_in.weight.detach().clone())
        self.register_buffer("first_bias", stage.conv_in.bias.detach().clone())  # type: ignore[union-attr]
        self.blocks = nn.ModuleList(SplitBlock(block, dtype=dtype) for block in stage.blocks)  # type: ignore[arg-type]
        self.register_buffer("last", stage.conv_out.weight.detach()[:, :, 0, 0].clone())
        self.register_buffer("last_bias", stage.conv_out.bias.detach().clone())  # type: ignore[union-attr]

    def forward(self, image: Tensor, how: ModuleType = sums) -> Tensor:
        """(B, 3, H, W) in, (B, 3, H, W) out."""
        features = how.first_layer(image, self.first, self.first_bias, self.dtype)
        for block in self.blocks:
            features = block(features, how)
        return how.last_layer(features, self.last, self.last_bias, image)


class SplitNetwork(nn.Module):
    """Stages one after the other by wide products.

    Args:
        stages: of the paper's network, see `row_plan`.
        dtype: see `SplitBlock`.
    """

    def __init__(self, stages: Sequence[Stage], *, dtype: torch.dtype = torch.bfloat16) -> None:
        super().__init__()
        self.stages = nn.ModuleList(SplitStage(stage, dtype=dtype) for stage in stages)
        widths = [width for stage in stages for block in stage.blocks for width in channels_of(block)]
        self.powers_of_two = all(width & (width - 1) == 0 for width in widths)
        """As Triton wants the channels of a pixel."""

    def forward(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) in, (B, 3, H, W) out, of the image's dtype."""
        with torch.cuda.device_of(image):  # where Triton launches
            how = fastest_sums(image) if self.powers_of_two and len(image) == 1 else sums
            for stage in self.stages:
                image = stage(image, how)
        return image


def fastest_sums(image: Tensor) -> ModuleType:
    """Triton's passes where they can be had: with PyTorch for CUDA on Linux, and a C compiler beside it."""
    return _tritons_or_pytorchs() if image.is_cuda else sums


@cache
def _tritons_or_pytorchs() -> ModuleType:
    try:
        from twostage_hdr.inference.split import sums_triton

        part = torch.zeros(1, 32, 1, 1, device="cuda", dtype=torch.bfloat16)
        sums_triton.sum_relu([part], torch.zeros(32, device="cuda"))
    except ImportError:
        return sums
    except Exception as error:  # whatever a compiler says: PyTorch's passes give the same, more slowly
        warnings.warn(f"Triton cannot be used, PyTorch's slower sums are: {one_line(error)}", stacklevel=2)
        return sums
    return sums_triton
