"""RDAB(x) with sums, ReLU and attention inside the convolutions' kernels, in Triton: least traffic to the memory.

x is convolved once for all that read it; x1 to x4 lie side by side in one buffer, of which each convolution reads what
is there already::

    x ----> [conv1 | conv2 ... conv5 | attention's conv]   256 channels: x1 into the buffer, the rest into `partial`
    buffer[x1]          -> + partial of conv2, ReLU -> buffer[x2]
    buffer[x1 x2]       -> + partial of conv3, ReLU -> buffer[x3]
    buffer[x1 x2 x3]    -> + partial of conv4, ReLU -> buffer[x4]
    buffer[x1 x2 x3 x4] -> + partial of conv5, x and the gated attention -> RDAB(x)
"""

from typing import NamedTuple

import torch
import triton
import triton.language as tl
from torch import Tensor, nn

from twostage_hdr.inference.split import sums_triton
from twostage_hdr.inference.split.sums import Features
from twostage_hdr.networks.rdab import OUTER_FACTOR, RDAB


class Shape(NamedTuple):
    """Of a program: the pixels and channels it makes, its warps, and the loads in flight."""

    pixels: int
    channels: int
    warps: int
    stages: int


@triton.jit(do_not_specialize=["height", "width", "pixels"])
def _convolve(  # type: ignore[no-untyped-def]
    read, weight, bias, out, partial, buffer, x, low, out_low, gates, attention_bias, factor, height, width, pixels,
    READ_STEP: tl.constexpr, READ: tl.constexpr, OUT: tl.constexpr, PARTIAL: tl.constexpr, OFFSET: tl.constexpr,
    BUFFER: tl.constexpr, FIRST: tl.constexpr, LAST: tl.constexpr, ATTENDED: tl.constexpr,
    GROWTH: tl.constexpr, DEPTH: tl.constexpr, BLOCK: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    # READ channels at every READ_STEP to OUT; FIRST writes `partial`, and x1 into `buffer`; others read `partial` at
    # OFFSET and write `out`: the next channels of the buffer, or with LAST the result.
    blocks: tl.constexpr = OUT // COLUMNS
    pixel = tl.program_id(0) // blocks * BLOCK + tl.arange(0, BLOCK)
    channel = tl.program_id(0) % blocks * COLUMNS + tl.arange(0, COLUMNS)
    row, column = pixel // width, pixel % width
    total = tl.zeros((BLOCK, COLUMNS), tl.float32)
    depth = tl.arange(0, DEPTH)
    steps: tl.constexpr = READ // DEPTH
    for step in range(9 * steps):
        tap, start = step // steps, step % steps * DEPTH
        down, right = tap // 3 - 1, tap % 3 - 1
        y, z = row + down, column + right
        inside = (pixel < pixels) & (y >= 0) & (y < height) & (z >= 0) & (z < width)
        place = read + (pixel + down * width + right)[:, None].to(tl.int64) * READ_STEP + (start + depth)[None, :]
        a = tl.load(place, mask=inside[:, None], other=0)
        b = tl.load(weight + (step * DEPTH + depth)[:, None] * OUT + channel[None, :])
        total = tl.dot(a, b, total)
    inside = (pixel < pixels)[:, None]
    place, channel = pixel[:, None].to(tl.int64), channel[None, :]
    dtype: tl.constexpr = read.dtype.element_ty
    if FIRST:
        dense = tl.maximum(total + tl.load(bias + channel, mask=channel < GROWTH, other=0), 0)
        tl.store(buffer + place * BUFFER + channel, dense.to(dtype), mask=inside & (channel < GROWTH))
        tl.store(partial + place * PARTIAL + channel, total.to(dtype), mask=inside & (channel >= GROWTH))
    else:
        before = tl.load(partial + place * PARTIAL + OFFSET + channel, mask=inside, other=0)
        total += tl.load(bias + channel) + before.to(tl.float32)
        if LAST:
            total += factor * tl.load(x + place * OUT + channel, mask=inside, other=0).to(tl.float32)
            total += factor * tl.load(low + place * OUT + channel, mask=inside, other=0).to(tl.float32)
            if ATTENDED:
                product = tl.load(partial + place * PARTIAL + OFFSET + OUT + channel, mask=inside, other=0)
                product = product.to(tl.float32) + tl.load(attention_bias + channel)
                total += tl.load(gates + place, mask=inside, other=0) * product
            high = total.to(dtype)
            tl.store(out + place * OUT + channel, high, mask=inside)
            tl.store(out_low + place * OUT + channel, (total - high.to(tl.float32)).to(dtype), mask=inside)
        else:
            tl.store(out + place * BUFFER + channel, tl.maximum(total, 0).to(dtype), mask=inside)


class FusedBlock(nn.Module):
    """RDAB(x) in five kernels and two of the gate; batches of one, channels last, widths that are powers of two.

    Args:
        block: what it computes; its weights are copied.
        dtype: of the products and of what is stored between them.
        shapes: of the programs, of the convolution of x and of the four others.
    """

    matrix0: Tensor
    bias4: Tensor
    gate: Tensor
    attention_bias: Tensor

    def __init__(self, block: RDAB, *, dtype: torch.dtype, shapes: list[Shape] | None = None) -> None:
        super().__init__()
        dense = block.dense
        convs = [dense.conv1, dense.conv2, dense.conv3, dense.conv4, dense.conv5]
        self.features, self.growth = dense.conv1.in_channels, dense.conv1.out_channels
        self.attended = block.attention is not None
        self.shapes = shapes or default_shapes(self.features, self.growth)
        last = OUTER_FACTOR * dense.residual_factor  # R(x) = last x5 + (1 + OUTER_FACTOR) x
        factors = [1.0] * 4 + [last]
        weights = [factor * conv.weight.detach() for conv, factor in zip(convs, factors, strict=True)]
        of_x = [weight[:, : self.features] for weight in weights]
        if block.attention is not None:
            of_x.append(block.attention.conv.weight.detach())
            self.register_buffer("attention_bias", block.attention.conv.bias.detach().clone())  # type: ignore[union-attr]
            self.register_buffer("gate", block.attention.gate.weight.detach().clone())
        else:  # 256 channels all the same: programs come in powers of two
            of_x.append(torch.zeros_like(of_x[-1]))
        for index, weight in enumerate([torch.cat(of_x), *(weight[:, self.features :] for weight in weights[1:])]):
            matrix = weight.permute(2, 3, 1, 0).reshape(-1, weight.shape[0])  # (9 in, out)
            self.register_buffer(f"matrix{index}", matrix.to(dtype).contiguous())
        for index, (conv, factor) in enumerate(zip(convs, factors, strict=True)):
            self.register_buffer(f"bias{index}", factor * conv.bias.detach())  # type: ignore[union-attr]

    def forward(self, features_of_x: Features, how: object = None) -> Features:
        """RDAB(x), (1, features, H, W)."""
        x, low = features_of_x
        height, width = x.shape[2:]
        features, growth = self.features, self.growth
        wide, rows = self.matrix0.shape[1], height * width
        partial, buffer, out = x.new_empty(rows, wide), x.new_empty(rows, 4 * growth), torch.empty_like(x)
        out_low = torch.empty_like(x)
        gates = sums_triton.gate(sums_triton.mean_and_max((x, low)), self.gate) if self.attended else self.bias4
        attention_bias = self.attention_bias if self.attended else self.bias4
        for index, shape in enumerate(self.shapes):
            matrix = getattr(self, f"matrix{index}")
            read, depth = (features, features) if index == 0 else (index * growth, growth * (2 - index % 2))
            blocks = matrix.shape[1] // shape.channels
            _convolve[(triton.cdiv(rows, shape.pixels) * blocks,)](
                x if index == 0 else buffer, matrix, getattr(self, f"bias{index}"),
                out if index == 4 else buffer[:, index * growth :], partial, buffer, x, low, out_low,
                gates, attention_bias, 1 + OUTER_FACTOR, height, width, rows,
                READ_STEP=features if index == 0 else 4 * growth, READ=read, OUT=matrix.shape[1], PARTIAL=wide,
                OFFSET=index * growth, BUFFER=4 * growth, FIRST=index == 0, LAST=index == 4, ATTENDED=self.attended,
                GROWTH=growth, DEPTH=depth, BLOCK=shape.pixels, COLUMNS=shape.channels,
                num_warps=shape.warps, num_stages=shape.stages,
            )  # fmt: skip
        return out, out_low


def default_shapes(features: int, growth: int) -> list[Shape]:
    """Guesses for an H100: the widest products that registers hold."""
    first = Shape(128, min(128, 2 * features + 4 * growth), 8, 3)
    return [first, *[Shape(128, growth, 4, 4)] * 3, Shape(128, features, 4, 4)]
