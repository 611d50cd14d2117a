"""The dense block of `autograd`, forward and backward, by `kernels.c`: image by image, in cache."""

import ctypes
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from twostage_hdr.inference.winograd.compiled import packed
from twostage_hdr.inference.winograd.layout import PLANES
from twostage_hdr.inference.winograd.over_images import over_images, summed
from twostage_hdr.inference.winograd.transforms import FREQUENCIES, OUTPUTS, transformed_weight, untransformed
from twostage_hdr.inference.winograd.weights import DENSE_CONVS


class CompiledDenseBlock(torch.autograd.Function):
    """See `autograd.dense_block`; x and the results are float32."""

    @staticmethod
    def forward(
        context: Any, library: ctypes.CDLL, dtype: torch.dtype, x: Tensor, *parameters: Tensor
    ) -> tuple[Tensor, ...]:
        """Keeps the spectra of x, x1..x4, and where x1..x4 are positive."""
        weights, biases = (
            parameters[: len(parameters) // 2],
            [bias.float() for bias in parameters[len(parameters) // 2 :]],
        )
        x = x.float().contiguous()
        batch, channels, height, width = x.shape
        matrices = [transformed_weight(weight.float()) for weight in weights]
        kernels = [packed(matrix, library, dtype) for matrix in matrices]
        image = _Shape(library, dtype, height, width, [channels, *(len(bias) for bias in biases[:DENSE_CONVS])])
        piles = x.new_empty((batch, FREQUENCIES, image.total, image.count), dtype=dtype)
        positive = [
            x.new_empty((batch, len(bias), PLANES, image.count), dtype=torch.uint8) for bias in biases[:DENSE_CONVS]
        ]
        results = [x.new_empty((batch, len(bias), height, width)) for bias in biases[DENSE_CONVS:]]

        def convolve(indices: Sequence[int]) -> None:
            scratch, products = image.scratch(), x.new_empty(FREQUENCIES * max(map(len, biases)) * image.count)
            for index in indices:
                pile = piles[index].flatten()
                library.image_spectra(x[index], pile, image.frequency, scratch, channels, *image.sides, image.half)
                for number, (kernel, bias, matrix) in enumerate(zip(kernels, biases, matrices, strict=True)):
                    made, seen = matrix.shape[1:]
                    image.multiply(kernel, pile, products, made=made, depth=seen, reads=image.total, writes=made)
                    if number < DENSE_CONVS:
                        library.grow(
                            products, bias, None, None, positive[number][index], pile[seen * image.count :],
                            image.frequency, scratch, made, *image.sides, image.half,
                        )  # fmt: skip
                    else:
                        result = results[number - DENSE_CONVS][index]
                        library.image_of_products(products, bias, result, scratch, made, *image.sides)

        over_images(convolve, batch)
        context.save_for_backward(piles, *matrices, *positive)
        context.image = image
        return tuple(results)

    @staticmethod
    @once_differentiable
    @torch.autocast("cpu", enabled=False)
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]  # of a decorated method only the decorator is seen
        """Gradients of x, the weights and the biases."""
        piles, *rest = context.saved_tensors
        matrices, positive = rest[:-DENSE_CONVS], rest[-DENSE_CONVS:]
        image: _Shape = context.image
        library, channels = image.library, image.widths[0]
        turned = [packed(matrix.transpose(1, 2), library, piles.dtype) for matrix in matrices]
        wanted = [gradient.float().contiguous() for gradient in gradients]
        of_x = wanted[0].new_empty((len(piles), channels, *wanted[0].shape[2:]))
        widest = max(matrix.shape[1] for matrix in matrices)
        order = [
            *range(DENSE_CONVS, len(matrices)),
            *reversed(range(DENSE_CONVS)),
        ]  # the first one reads the whole pile

        def differentiate(indices: Sequence[int]) -> tuple[list[Tensor], list[Tensor]]:
            of_kernels = [torch.zeros_like(matrix, memory_format=torch.contiguous_format) for matrix in matrices]
            of_biases = [matrix.new_zeros(matrix.shape[1]) for matrix in matrices]
            scratch, of_pile = image.scratch(), of_x.new_empty(FREQUENCIES * image.total * image.count)
            spread = piles.new_empty(FREQUENCIES * widest * image.count)
            for index in indices:
                pile = piles[index].flatten()
                for number in order:
                    made, seen = matrices[number].shape[1:]
                    output = (
                        (None, of_pile[seen * image.count :], image.total * image.count, positive[number][index])
                        if number < DENSE_CONVS
                        else (wanted[number - DENSE_CONVS][index], None, 0, None)
                    )
                    library.output_gradient(*output, of_biases[number], spread, scratch, made, *image.sides, image.half)
                    library.weight_gradient(
                        spread, pile, of_kernels[number], made, seen, image.count,
                        made * image.count // image.pair, image.frequency, image.half,
                    )  # fmt: skip
                    image.multiply(
                        turned[number], spread, of_pile, made=seen, depth=made, reads=made, writes=image.total,
                        add=number != DENSE_CONVS,
                    )  # fmt: skip
                library.image_of_gradient(
                    of_pile, image.total * image.count, of_x[index], scratch, channels, *image.sides
                )
            return of_kernels, of_biases

        of_kernels, of_biases = summed(over_images(differentiate, len(piles)))
        return (None, None, of_x, *map(untransformed, of_kernels), *of_biases)


class _Shape:
    """Of one image and its pile.

    Args:
        library: of `compiled.kernels`.
        dtype: of the factors of the products.
        height: of the image, a multiple of 4.
        width: of the image, a multiple of 4.
        widths: channels of the pile's parts x | x1 | x2 | x3 | x4.
    """

    def __init__(
        self, library: ctypes.CDLL, dtype: torch.dtype, height: int, width: int, widths: Sequence[int]
    ) -> None:
        self.library, self.widths, self.total = library, widths, sum(widths)
        self.sides = height // OUTPUTS, width // OUTPUTS
        self.count: int = library.padded_count(*self.sides)
        self.half = dtype == torch.bfloat16
        self.pair = 2 if self.half else 1
        """Channels in a word of the spectra."""
        self.frequency = self.total * self.count // self.pair
        """Words from one frequency of the pile to the next."""

    def scratch(self) -> Tensor:
        """What the kernels of one thread need."""
        return torch.empty(self.library.scratch_size(*self.sides), dtype=torch.float32, device="cpu")

    def multiply(
        self,
        kernel: Tensor,
        spectra: Tensor,
        products: Tensor,
        *,
        made: int,
        depth: int,
        reads: int,
        writes: int,
        add: bool = False,
    ) -> None:
        """36 products of the first `depth` channels of `reads`, to the first `made` of `writes`."""
        self.library.products(
            kernel, spectra, products, made, depth // self.pair, self.count,
            reads * self.count // self.pair, writes * self.count, add, self.half,
        )  # fmt: skip
