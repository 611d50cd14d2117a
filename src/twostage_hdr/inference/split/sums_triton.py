"""The functions of `sums`, each as one pass over the memory, in Triton: for a GPU, features with channels last.

A kernel takes a run of pixels with all their channels; sums are in float32. No size of the image is compiled in.
"""

from collections.abc import Sequence

import torch
import triton
import triton.language as tl
from torch import Tensor

PIXELS = 64
"""Of a program."""


@triton.jit(do_not_specialize=["pixels"])
def _sum_relu(  # type: ignore[no-untyped-def]
    out, bias, a, b, c, d, a_step, b_step, c_step, d_step, pixels,
    PARTS: tl.constexpr, WIDTH: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    pixel = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)[:, None]
    channel, inside = tl.arange(0, WIDTH)[None, :], pixel < pixels
    total = tl.load(bias + channel) + tl.load(a + pixel * a_step + channel, mask=inside, other=0).to(tl.float32)
    if PARTS > 1:
        total += tl.load(b + pixel * b_step + channel, mask=inside, other=0).to(tl.float32)
    if PARTS > 2:
        total += tl.load(c + pixel * c_step + channel, mask=inside, other=0).to(tl.float32)
    if PARTS > 3:
        total += tl.load(d + pixel * d_step + channel, mask=inside, other=0).to(tl.float32)
    tl.store(out + pixel * WIDTH + channel, tl.maximum(total, 0).to(out.dtype.element_ty), mask=inside)


@triton.jit(do_not_specialize=["pixels"])
def _mean_and_max(x, pooled, pixels, WIDTH: tl.constexpr, BLOCK: tl.constexpr):  # type: ignore[no-untyped-def]
    pixel = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = pixel < pixels
    address = x + pixel[:, None] * WIDTH + tl.arange(0, WIDTH)[None, :]
    values = tl.load(address, mask=inside[:, None], other=0).to(tl.float32)
    tl.store(pooled + pixel, tl.sum(values, 1) / WIDTH, mask=inside)
    tl.store(pooled + pixels + pixel, tl.max(values, 1), mask=inside)


@triton.jit(do_not_specialize=["height", "width", "pixels"])
def _gate(pooled, weight, out, height, width, pixels, BLOCK: tl.constexpr):  # type: ignore[no-untyped-def]
    pixel = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    row, column = pixel // width, pixel % width
    total = tl.zeros((BLOCK,), tl.float32)
    for down in range(7):
        for right in tl.static_range(7):
            y, x = row + down - 3, column + right - 3
            inside = (pixel < pixels) & (y >= 0) & (y < height) & (x >= 0) & (x < width)
            address = pooled + y * width + x
            total += tl.load(weight + down * 7 + right) * tl.load(address, mask=inside, other=0)
            total += tl.load(weight + 49 + down * 7 + right) * tl.load(address + pixels, mask=inside, other=0)
    tl.store(out + pixel, tl.sigmoid(total), mask=pixel < pixels)


@triton.jit(do_not_specialize=["pixels"])
def _finish(  # type: ignore[no-untyped-def]
    out, x, factor, bias, a, b, c, d, e, a_step, b_step, c_step, d_step, e_step,
    gates, product, product_step, product_bias, pixels,
    PARTS: tl.constexpr, ATTENDED: tl.constexpr, WIDTH: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    pixel = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)[:, None]
    channel, inside = tl.arange(0, WIDTH)[None, :], pixel < pixels
    total = tl.load(bias + channel) + factor * tl.load(x + pixel * WIDTH + channel, mask=inside, other=0).to(tl.float32)
    total += tl.load(a + pixel * a_step + channel, mask=inside, other=0).to(tl.float32)
    if PARTS > 1:
        total += tl.load(b + pixel * b_step + channel, mask=inside, other=0).to(tl.float32)
    if PARTS > 2:
        total += tl.load(c + pixel * c_step + channel, mask=inside, other=0).to(tl.float32)
    if PARTS > 3:
        total += tl.load(d + pixel * d_step + channel, mask=inside, other=0).to(tl.float32)
    if PARTS > 4:
        total += tl.load(e + pixel * e_step + channel, mask=inside, other=0).to(tl.float32)
    if ATTENDED:
        convolved = tl.load(product + pixel * product_step + channel, mask=inside, other=0).to(tl.float32)
        total += tl.load(gates + pixel, mask=inside, other=0) * (convolved + tl.load(product_bias + channel))
    tl.store(out + pixel * WIDTH + channel, total.to(out.dtype.element_ty), mask=inside)


@triton.jit(do_not_specialize=["pixels"])
def _last_layer(  # type: ignore[no-untyped-def]
    features, weight, bias, image, out, image_step, image_plane, pixels, WIDTH: tl.constexpr, BLOCK: tl.constexpr
):
    pixel = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    channel, inside = tl.arange(0, WIDTH), pixel < pixels
    address = features + pixel[:, None] * WIDTH + channel[None, :]
    values = tl.load(address, mask=inside[:, None], other=0).to(tl.float32)
    for colour in tl.static_range(3):
        total = tl.sum(values * tl.load(weight + colour * WIDTH + channel)[None, :], 1) + tl.load(bias + colour)
        total += tl.load(image + pixel * image_step + colour * image_plane, mask=inside, other=0)
        tl.store(out + pixel * 3 + colour, tl.maximum(total, 0), mask=inside)


def sum_relu(parts: Sequence[Tensor], bias: Tensor) -> Tensor:
    """See `sums.sum_relu`; four parts at most."""
    out = _like(parts[0])
    four, steps = _arguments(parts, 4)
    pixels = _pixels(out)
    _sum_relu[_grid(pixels)](
        out, bias, *four, *steps, pixels, PARTS=len(parts), WIDTH=out.shape[1], BLOCK=PIXELS, num_warps=4
    )
    return out


def mean_and_max(x: Tensor) -> Tensor:
    """See `sums.mean_and_max`."""
    pooled = x.new_empty(1, 2, *x.shape[2:], dtype=torch.float32)
    pixels = _pixels(x)
    _mean_and_max[_grid(pixels)](x, pooled, pixels, WIDTH=x.shape[1], BLOCK=PIXELS, num_warps=4)
    return pooled


def gate(pooled: Tensor, weight: Tensor) -> Tensor:
    """See `sums.gate`."""
    height, width = pooled.shape[2:]
    out = pooled.new_empty(1, 1, height, width)
    _gate[(triton.cdiv(height * width, 256),)](
        pooled, weight.contiguous(), out, height, width, height * width, BLOCK=256, num_warps=4
    )
    return out


def finish(
    x: Tensor, factor: float, parts: Sequence[Tensor], bias: Tensor, attention: tuple[Tensor, Tensor, Tensor] | None
) -> Tensor:
    """See `sums.finish`; five parts at most."""
    out = _like(x)
    five, steps = _arguments(parts, 5)
    gates, product, product_bias = attention or (x, x, bias)
    pixels = _pixels(out)
    _finish[_grid(pixels)](
        out, x, factor, bias, *five, *steps, gates, product, _step(product), product_bias, pixels,
        PARTS=len(parts), ATTENDED=attention is not None, WIDTH=out.shape[1], BLOCK=PIXELS, num_warps=4,
    )  # fmt: skip
    return out


def last_layer(features: Tensor, weight: Tensor, bias: Tensor, image: Tensor) -> Tensor:
    """See `sums.last_layer`."""
    if not (image.is_contiguous() or image.is_contiguous(memory_format=torch.channels_last)):
        image = image.contiguous()
    planes = image.is_contiguous()
    out, pixels = _like(image), _pixels(image)
    _last_layer[_grid(pixels)](
        features, weight, bias, image, out, 1 if planes else 3, pixels if planes else 1, pixels,
        WIDTH=features.shape[1], BLOCK=PIXELS, num_warps=4,
    )  # fmt: skip
    return out


def _like(part: Tensor) -> Tensor:
    return torch.empty(part.shape, dtype=part.dtype, device=part.device, memory_format=torch.channels_last)


def _pixels(x: Tensor) -> int:
    return x.shape[0] * x.shape[2] * x.shape[3]


def _grid(pixels: int) -> tuple[int]:
    return (triton.cdiv(pixels, PIXELS),)


def _step(part: Tensor) -> int:
    """From a pixel to the next, in numbers: of a row longer than 1, or of a column."""
    return part.stride(3) if part.shape[3] > 1 else part.stride(2)


def _arguments(parts: Sequence[Tensor], most: int) -> tuple[list[Tensor], list[int]]:
    filled = [*parts, *[parts[0]] * (most - len(parts))]
    return filled, [_step(part) for part in filled]
