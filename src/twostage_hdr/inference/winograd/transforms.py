"""Winograd's minimal filtering F(4x4, 3x3): sixteen outputs of a 3x3 convolution for 36 products instead of 144.

In one dimension, four outputs y of a three-tap correlation of six inputs d with the taps g are

    y = A^T [(G g) * (B^T d)]

and in two dimensions the Kronecker products of these matrices with themselves act on flattened patches
[lavin2016winograd]. The interpolation points set the rounding error: 0, +-sqrt(1/2), +-sqrt(2), infinity keep the
powers of the points near 1, so that even bfloat16 loses little against a direct convolution.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

OUTPUTS = 4
"""Side of the block of outputs, in pixels."""
PATCH = 6
"""Side of the patch of inputs, in pixels: OUTPUTS + 3 - 1."""
FREQUENCIES = PATCH * PATCH
"""Products that take the place of a convolution, one for each pair of interpolation points."""
POINTS = (0.0, np.sqrt(0.5), -np.sqrt(0.5), np.sqrt(2.0), -np.sqrt(2.0))
"""Finite interpolation points, dimensionless; the sixth is infinity."""


class WinogradMatrices(NamedTuple):
    """The three transforms in two dimensions, patches flattened row by row."""

    output: Tensor
    """A^T x A^T: (16, 36)."""
    weight: Tensor
    """G x G: (36, 9)."""
    input: Tensor
    """B^T x B^T: (36, 36)."""


def winograd_matrices(dtype: torch.dtype = torch.float64) -> WinogradMatrices:
    """The transforms for POINTS, rounded from float64."""
    output, weight, inputs = np.zeros((OUTPUTS, PATCH)), np.zeros((PATCH, 3)), np.zeros((PATCH, PATCH))
    for column, point in enumerate(POINTS):
        others = [other for other in POINTS if other != point]
        output[:, column] = point ** np.arange(OUTPUTS)
        weight[column] = point ** np.arange(3) / np.prod([point - other for other in others])
        inputs[column, :-1] = np.poly(others)[::-1]  # coefficients of prod (x - other), lowest power first
    output[-1, -1] = weight[-1, -1] = 1.0  # the point at infinity takes the highest power
    inputs[-1] = np.poly(POINTS)[::-1]
    squared = [torch.from_numpy(np.kron(matrix, matrix)).to(dtype) for matrix in (output, weight, inputs)]
    return WinogradMatrices(*squared)


FORWARD = {dtype: winograd_matrices(dtype) for dtype in (torch.float32, torch.bfloat16, torch.float64)}
ADJOINT = {dtype: WinogradMatrices(*(matrix.t().contiguous() for matrix in FORWARD[dtype])) for dtype in FORWARD}
"""Their transposes, which gradients take."""


def transformed_weight(weight: Tensor) -> Tensor:
    """(O, I, 3, 3) to (36, O, I)."""
    return (FORWARD[weight.dtype].weight @ weight.permute(2, 3, 0, 1).reshape(9, -1)).view(
        FREQUENCIES, *weight.shape[:2]
    )


def untransformed(gradient: Tensor) -> Tensor:
    """The gradient of weights (O, I, 3, 3) from that of their transform (36, O, I)."""
    flat = ADJOINT[gradient.dtype].weight @ gradient.view(FREQUENCIES, -1)
    return flat.view(3, 3, *gradient.shape[1:]).permute(2, 3, 0, 1).contiguous()
