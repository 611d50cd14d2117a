"""The functions of `sums`, each as one pass over the memory, in Triton: for a GPU, features with channels last.

A kernel takes a run of pixels with all their channels; sums are in float32. No size of the image is compiled in.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.nn import functional as F

from twostage_hdr.inference.split.sums import Features

PIXELS = 64
"""Of a program."""


def kernel(**settings: Any) -> Callable[[Callable[..., None]], Any]:
    """`triton.jit` of the function itself, which reads its source: tests wrap functions, to check shapes and types."""
    return lambda function: triton.jit(inspect.unwrap(function), **settings)


@kernel(do_not_specialize=["height", "width", "pixels"])
def _first_layer(  # type: ignore[no-untyped-def]
    image, image_step, image_plane, weight, bias, out, out_low, height, width, pixels,
    WIDTH: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    pixel = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)[:, None]
    channel, number = tl.arange(0, WIDTH)[None, :], tl.arange(0, 32)
    colour, tap = number // 9, number % 9  # 27 numbers, and 5 zeros that make them a power of two
    y = pixel // width + (tap // 3 - 1)[None, :]
    x = pixel % width + (tap % 3 - 1)[None, :]
    inside = (pixel < pixels) & (y >= 0) & (y < height) & (x >= 0) & (x < width) & (number < 27)[None, :]
    seen = tl.load(image + (y * width + x) * image_step + colour[None, :] * image_plane, mask=inside, other=0)
    read = tl.load(weight + number[:, None] * WIDTH + channel)
    total = tl.dot(seen, read, input_precision="ieee") + tl.load(bias + channel)
    high, kept = total.to(out.dtype.element_ty), pixel < pixels
    tl.store(out + pixel * WIDTH + channel, high, mask=kept)
    left = (total - high.to(tl.float32)).to(out.dtype.element_ty)
    tl.store(out_low + pixel * WIDTH + channel, left, mask=kept)


@kernel(do_not_specialize=["pixels"])
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


@kernel(do_not_specialize=["pixels"])
def _mean_and_max(x, low, pooled, pixels, WIDTH: tl.constexpr, BLOCK: tl.constexpr):  # type: ignore[no-untyped-def]
    pixel = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = pixel < pixels
    place = pixel[:, None] * WIDTH + tl.arange(0, WIDTH)[None, :]
    values = tl.load(x + place, mask=inside[:, None], other=0).to(tl.float32)
    values += tl.load(low + place, mask=inside[:, None], other=0).to(tl.float32)
    tl.store(pooled + pixel, tl.sum(values, 1) / WIDTH, mask=inside)
    tl.store(pooled + pixels + pixel, tl.max(values, 1), mask=inside)


@kernel(do_not_specialize=["height", "width", "pixels"])
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


@kernel(do_not_specialize=["pixels"])
def _finish(  # type: ignore[no-untyped-def]
    out, out_low, x, low, factor, bias, a, b, c, d, e, a_step, b_step, c_step, d_step, e_step,
    gates, product, product_step, product_bias, pixels,
    PARTS: tl.constexpr, ATTENDED: tl.constexpr, WIDTH: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    pixel = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)[:, None]
    channel, inside = tl.arange(0, WIDTH)[None, :], pixel < pixels
    total = tl.load(bias + channel) + factor * tl.load(x + pixel * WIDTH + channel, mask=inside, other=0).to(tl.float32)
    total += factor * tl.load(low + pixel * WIDTH + channel, mask=inside, other=0).to(tl.float32)
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
    high = total.to(out.dtype.element_ty)
    tl.store(out + pixel * WIDTH + channel, high, mask=inside)
    left = (total - high.to(tl.float32)).to(out.dtype.element_ty)
    tl.store(out_low + pixel * WIDTH + channel, left, mask=inside)


@kernel(do_not_specialize=["pixels"])
def _last_layer(  # type: ignore[no-untyped-def]
    features, low, weight, bias, image, out, image_step, image_plane, pixels, WIDTH: tl.constexpr, BLOCK: tl.constexpr
):
    pixel = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    channel, inside = tl.arange(0, WIDTH), pixel < pixels
    place = pixel[:, None] * WIDTH + channel[None, :]
    values = tl.load(features + place, mask=inside[:, None], other=0).to(tl.float32)
    values += tl.load(low + place, mask=inside[:, None], other=0).to(tl.float32)
    for colour in tl.static_range(3):
        total = tl.sum(values * tl.load(weight + colour * WIDTH + channel)[None, :], 1) + tl.load(bias + colour)
        total += tl.load(image + pixel * image_step + colour * image_plane, mask=inside, other=0)
        tl.store(out + pixel * 3 + colour, tl.maximum(total, 0), mask=inside)


def first_layer(image: Tensor, weight: Tensor, bias: Tensor, dtype: torch.dtype) -> Features:
    """See `sums.first_layer`."""
    image, step, plane = _colours(image)
    (height, width), features = image.shape[2:], weight.shape[0]
    read = F.pad(weight.flatten(1).T, (0, 0, 0, 5)).contiguous()  # the colours and taps of a pixel, and zeros
    out = torch.empty(1, features, height, width, dtype=dtype, device=image.device, memory_format=torch.channels_last)
    out_low, pixels = torch.empty_like(out), _pixels(image)
    _first_layer[_grid(pixels)](
        image, step, plane, read, bias, out, out_low, height, width, pixels,
        WIDTH=features, BLOCK=PIXELS, num_warps=4,
    )  # fmt: skip
    return out, out_low


def sum_relu(parts: Sequence[Tensor], bias: Tensor) -> Tensor:
    """See `sums.sum_relu`; four parts at most."""
    out = _like(parts[0])
    four, steps = _arguments(parts, 4)
    pixels = _pixels(out)
    _sum_relu[_grid(pixels)](
        out, bias, *four, *steps, pixels, PARTS=len(parts), WIDTH=out.shape[1], BLOCK=PIXELS, num_warps=4
    )
    return out


def mean_and_max(x: Features) -> Tensor:
    """See `sums.mean_and_max`."""
    high, low = x
    pooled = high.new_empty(1, 2, *high.shape[2:], dtype=torch.float32)
    pixels = _pixels(high)
    _mean_and_max[_grid(pixels)](high, low, pooled, pixels, WIDTH=high.shape[1], BLOCK=PIXELS, num_warps=4)
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
    x: Features, factor: float, parts: Sequence[Tensor], bias: Tensor, attention: tuple[Tensor, Tensor, Tensor] | None
) -> Features:
    """See `sums.finish`; five parts at most."""
    high, low = x
    out, out_low = _like(high), _like(high)
    five, steps = _arguments(parts, 5)
    gates, product, product_bias = attention or (high, high, bias)
    pixels = _pixels(out)
    _finish[_grid(pixels)](
        out, out_low, high, low, factor, bias, *five, *steps, gates, product, _step(product), product_bias, pixels,
        PARTS=len(parts), ATTENDED=attention is not None, WIDTH=out.shape[1], BLOCK=PIXELS, num_warps=4,
    )  # fmt: skip
    return out, out_low


def last_layer(features: Features, weight: Tensor, bias: Tensor, image: Tensor) -> Tensor:
    """See `sums.last_layer`."""
    image, step, plane = _colours(image)
    out, pixels = _like(image), _pixels(image)
    _last_layer[_grid(pixels)](
        *features, weight, bias, image, out, step, plane, pixels,
        WIDTH=features[0].shape[1], BLOCK=PIXELS, num_warps=4,
    )  # fmt: skip
    return out


def _like(part: Tensor) -> Tensor:
    return torch.empty(part.shape, dtype=part.dtype, device=part.device, memory_format=torch.channels_last)


def _colours(image: Tensor) -> tuple[Tensor, int, int]:
    """The image as the kernels read it, and from a pixel and from a colour to the next, in numbers."""
    if image.is_contiguous(memory_format=torch.channels_last):
        return image, 3, 1
    return image.contiguous(), 1, _pixels(image)


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
