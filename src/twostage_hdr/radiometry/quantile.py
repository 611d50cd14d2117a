"""Quantiles of images of any size (torch.quantile refuses more than 16 million values)."""

from math import ceil, floor

from jaxtyping import Float
from torch import Tensor


def quantile(values: Float[Tensor, "*batch count"], q: float) -> Float[Tensor, "*batch"]:
    """The q-quantile over the last dimension, interpolated linearly between order statistics as NumPy does.

    Args:
        values: any unit; at least one value.
        q: from 0 (minimum) to 1 (maximum).
    """
    if not 0 <= q <= 1:
        raise ValueError(f"q = {q}: a quantile lies from 0 to 1")
    # The position is computed in Python's float64: in float32 it would be wrong from 2^24 values on.
    position = q * (values.shape[-1] - 1)
    low = values.kthvalue(floor(position) + 1, dim=-1).values
    if floor(position) == ceil(position):
        return low
    high = values.kthvalue(ceil(position) + 1, dim=-1).values
    return low + (position - floor(position)) * (high - low)
