"""The dense block's convolutions, forward and backward, by Winograd's products: a quarter of the multiplications.

All six 3x3 convolutions of an RDAB (five dense ones and the attention's) read parts of one pile of channels,
x | x1 | x2 | x3 | x4. Each part is transformed once; the convolutions, their gradients with respect to the pile and to
the weights are then products of small matrices, 36 at a time, image by image [lavin2016winograd].
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from twostage_hdr.inference.winograd.compiled import kernels
from twostage_hdr.inference.winograd.compiled_autograd import CompiledDenseBlock
from twostage_hdr.inference.winograd.layout import depth_to_space, gather, scatter, space_to_depth
from twostage_hdr.inference.winograd.over_images import over_images, summed
from twostage_hdr.inference.winograd.transforms import (
    ADJOINT,
    FORWARD,
    FREQUENCIES,
    OUTPUTS,
    transformed_weight,
    untransformed,
)
from twostage_hdr.inference.winograd.weights import DENSE_CONVS


def dense_block(
    x: Tensor, weights: Sequence[Tensor], biases: Sequence[Tensor], *, dtype: torch.dtype
) -> tuple[Tensor, ...]:
    """What the convolutions after the growing ones make of the pile: dense conv 5, and any that read x alone.

    Args:
        x: (B, C, H, W) on the CPU; H and W multiples of 4.
        weights: of conv 1 to 5, each seeing everything before it, then of convolutions of x; (O, I, 3, 3) each.
        biases: (O,) each.
        dtype: of the factors of the products: float32, bfloat16 or float64.

    Returns:
        (B, O, H, W) each, of x's dtype.
    """
    assert x.shape[2] % OUTPUTS == x.shape[3] % OUTPUTS == 0
    library = kernels(dtype, x.shape[1], *map(len, biases))
    # Differentiation goes through a function of its own, outside autocast.
    with torch.autocast("cpu", enabled=False):
        images: tuple[Tensor, ...]
        if library is None:
            images = _DenseBlock.apply(x.to(dtype), *weights, *biases)
        else:
            images = CompiledDenseBlock.apply(library, dtype, x, *weights, *biases)
        return tuple(image.to(x.dtype) for image in images)


class _DenseBlock(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: Tensor, *parameters: Tensor) -> tuple[Tensor, ...]:
        weights, biases = parameters[: len(parameters) // 2], parameters[len(parameters) // 2 :]
        tiles = space_to_depth(x)
        batch, _, channels, rows, columns = tiles.shape
        widths = [channels, *(len(bias) for bias in biases[:DENSE_CONVS])]
        piles = tiles.new_empty((batch, FREQUENCIES, sum(widths), rows * columns))
        kernels = [transformed_weight(weight).to(x.dtype) for weight in weights]
        shifts = [bias.to(x.dtype).view(-1, 1, 1) for bias in biases]
        positive = [torch.empty((batch, 16, width, rows, columns), dtype=torch.bool) for width in widths[1:]]
        results = [tiles.new_empty((batch, 16, len(bias), rows, columns)) for bias in biases[DENSE_CONVS:]]

        def convolve(images: Sequence[int]) -> None:
            for image in images:
                pile, filled = piles[image], channels
                _put(pile, 0, tiles[image])
                for number, (kernel, shift) in enumerate(zip(kernels, shifts, strict=True)):
                    product = products(kernel, pile[:, : kernel.shape[2]]).view(FREQUENCIES, -1)
                    output = (FORWARD[x.dtype].output @ product).view(16, -1, rows, columns).add_(shift)
                    if number >= DENSE_CONVS:
                        results[number - DENSE_CONVS][image] = output
                        continue
                    torch.gt(output.relu_(), 0, out=positive[number][image])
                    _put(pile, filled, output)
                    filled += len(shift)

        over_images(convolve, batch)
        context.save_for_backward(piles, *kernels, *positive)
        context.widths, context.tiles = widths, (rows, columns)
        return tuple(depth_to_space(result) for result in results)

    @staticmethod
    @once_differentiable
    @torch.autocast("cpu", enabled=False)
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, ...]:  # type: ignore[override]  # see compiled_autograd
        piles, *rest = context.saved_tensors
        kernels, positive = rest[:-DENSE_CONVS], rest[-DENSE_CONVS:]
        (rows, columns), widths = context.tiles, context.widths
        wanted = [space_to_depth(gradient.to(piles.dtype)) for gradient in gradients]
        of_x = piles.new_empty((len(piles), 16, widths[0], rows, columns))

        def differentiate(images: Sequence[int]) -> _Sums:
            sums = _Sums(kernels)
            for image in images:
                pile, of_pile = piles[image], torch.zeros_like(piles[image])
                for number, gradient in enumerate(wanted):
                    sums.back(DENSE_CONVS + number, gradient[image], pile, of_pile)
                for number in reversed(range(DENSE_CONVS)):
                    gradient = _pull(of_pile, sum(widths[: number + 1]), widths[number + 1], rows, columns)
                    sums.back(number, gradient.mul_(positive[number][image]), pile, of_pile)
                of_x[image] = _pull(of_pile, 0, widths[0], rows, columns)
            return sums

        sums = over_images(differentiate, len(piles))
        of_kernels, of_biases = summed([(one.kernels, one.biases) for one in sums])
        return (depth_to_space(of_x), *(untransformed(kernel) for kernel in of_kernels), *of_biases)


class _Sums:
    """The parameters' gradients, summed over images in the parameters' own precision."""

    def __init__(self, kernels: Sequence[Tensor]) -> None:
        dtype = torch.promote_types(kernels[0].dtype, torch.float32)
        self.turned = [kernel.transpose(1, 2).contiguous() for kernel in kernels]
        self.kernels = [torch.zeros(kernel.shape, dtype=dtype) for kernel in kernels]
        self.biases = [torch.zeros(kernel.shape[1], dtype=dtype) for kernel in kernels]

    def back(self, number: int, gradient: Tensor, pile: Tensor, of_pile: Tensor) -> None:
        """From a convolution's output to its parameters and to what it read."""
        seen = self.turned[number].shape[1]
        spread = (ADJOINT[gradient.dtype].output @ gradient.reshape(16, -1)).view(FREQUENCIES, -1, pile.shape[-1])
        self.biases[number] += gradient.sum((0, 2, 3), dtype=self.biases[0].dtype)
        self.kernels[number] += products(spread, pile[:, :seen].transpose(1, 2))
        add_products(of_pile[:, :seen], self.turned[number], spread)


def products(left: Tensor, right: Tensor) -> Tensor:
    """36 matrix products. The batched bfloat16 product would copy the slices of a pile: they are taken one by one."""
    if left.dtype != torch.bfloat16:
        return torch.bmm(left, right)
    result = left.new_empty((FREQUENCIES, left.shape[1], right.shape[2]))
    for place in range(FREQUENCIES):
        torch.mm(left[place], right[place], out=result[place])
    return result


def add_products(to: Tensor, left: Tensor, right: Tensor) -> None:
    """Adds 36 matrix products to a slice of a pile."""
    if to.dtype != torch.bfloat16:
        to.baddbmm_(left, right)
        return
    for place in range(FREQUENCIES):
        to[place].addmm_(left[place], right[place])


def _put(pile: Tensor, start: int, tiles: Tensor) -> None:
    part = pile[:, start : start + tiles.shape[1]].view(FREQUENCIES, -1)
    torch.mm(FORWARD[pile.dtype].input, gather(tiles).view(FREQUENCIES, -1), out=part)


def _pull(of_pile: Tensor, start: int, width: int, rows: int, columns: int) -> Tensor:
    part = of_pile[:, start : start + width].view(FREQUENCIES, -1)
    return scatter((ADJOINT[of_pile.dtype].input @ part).view(FREQUENCIES, width, rows, columns))
