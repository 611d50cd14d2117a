"""How many patches each scene gives, so that the total is exact."""

from collections.abc import Sequence

import numpy as np

from twostage_hdr.errors import InputError


def even_quota(total: int, capacities: Sequence[int | None], *, seed: int) -> list[int]:
    """Deals `total` among the scenes as evenly as their capacities allow; the odd ones go to random scenes.

    Args:
        total: the sum of the result.
        capacities: the most each scene can give; None means any number.
        seed: chooses who gets the odd ones.

    Raises:
        InputError: all scenes together cannot give `total`.
    """
    most = np.array([total if capacity is None else capacity for capacity in capacities], dtype=np.int64)
    if most.sum() < total:
        raise InputError(
            f"patches={total}: a grid over the {len(most)} training scenes has only {most.sum()} patches; "
            "give patches=null for all of them, a smaller patch_size or placement=random"
        )
    quota = np.zeros(len(most), dtype=np.int64)
    order = np.random.default_rng(seed).permutation(len(most))
    while (left := total - int(quota.sum())) > 0:
        room = order[quota[order] < most[order]]
        share = left // len(room)
        chosen = room if share else room[:left]
        quota[chosen] = np.minimum(quota[chosen] + max(share, 1), most[chosen])
    return quota.tolist()
