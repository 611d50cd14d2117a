"""Merging a stack of exposures into one linear image [debevec1997]."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from twostage_hdr.radiometry.gamma import HDM_GAMMA

_FLOOR = 1e-6  # keeps the weights' sum positive where a (contradictory) stack is well exposed nowhere


def merge_debevec(
    stack: Float[Tensor, "batch exposures 3 height width"], *, stops: Sequence[float], gamma: float = HDM_GAMMA
) -> Float[Tensor, "batch 3 height width"]:
    """Weighted mean of the radiances that the exposures stand for; 1.0 = white of the exposure at 0 stops.

    The weights are Debevec's hat (0 at black and white, 1 in the middle), one-sided for the two ends of the stack:
    nothing is darker than the shortest exposure where all are clipped, nothing brighter than the longest where all
    are black. The response is a known power, and radiances are averaged themselves rather than by their logarithms,
    so that black stays black.

    Args:
        stack: LDR images, encoded, [0, 1].
        stops: Exposure of each image relative to the merged one's, in stops, ascending.
        gamma: Exponent of the encoding.

    Returns:
        Linear image.

    Raises:
        ValueError: The stops do not fit the stack or do not ascend.
    """
    if len(stops) != stack.shape[1] or list(stops) != sorted(stops):
        raise ValueError(f"{stack.shape[1]} exposures need as many ascending stops, but these are {list(stops)}")
    z = stack.clamp(0, 1)
    rising, falling = (2 * z).clamp(max=1), (2 - 2 * z).clamp(max=1)
    rising, falling = rising.clone(), falling.clone()
    falling[:, 0] = 1  # the shortest exposure is trusted up to white,
    rising[:, -1] = 1  # the longest down to black
    weight = torch.minimum(rising, falling) + _FLOOR
    time = torch.tensor([2.0**stop for stop in stops], dtype=z.dtype, device=z.device).view(1, -1, 1, 1, 1)
    return (weight * z**gamma / time).sum(dim=1) / weight.sum(dim=1)
