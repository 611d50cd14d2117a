"""Are short, medium and long what their names say?"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

MARGIN = 0.5
"""Levels of 255 by which a longer exposure may be darker on the mean before it counts as swapped."""


def order_problem(frames: Mapping[str, np.ndarray], stops: Mapping[str, float]) -> str | None:
    """What is wrong with the exposures, in words; None if nothing is.

    Args:
        frames: 8-bit frames by name, from short to long.
        stops: exposure of each, relative to the medium one.
    """
    names = list(frames)
    falling = _falling([stops[name] for name in names], names)
    if falling:
        return f"exposures.npy gives {falling[0]} no more light than {falling[1]}"
    for one, other in pairwise(names):
        if np.array_equal(frames[one], frames[other]):
            return f"{one} and {other} are the same picture"
    means = [float(frames[name].mean()) for name in names]
    for (one, dark), (other, bright) in pairwise(zip(names, means, strict=True)):
        if bright + MARGIN < dark:
            return f"{other} is darker than {one} (mean {bright:.0f} against {dark:.0f} of 255): swapped?"
    return None


def _falling(values: Sequence[float], names: Sequence[str]) -> tuple[str, str] | None:
    for place in range(1, len(values)):
        if values[place] <= values[place - 1]:
            return names[place], names[place - 1]
    return None
