"""Names for the renderer's arrays, and the two operations that every scene kind needs."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Plane: TypeAlias = npt.NDArray[Any]
"""One number per pixel, (height, width), or three, (3, height, width), or a colour (3, 1, 1); float32 or a mask."""


def smoothstep(low: float, high: float, values: Plane) -> Plane:
    """0 below `low`, 1 above `high`, and a curve with flat ends between; `low` > `high` falls instead of rising."""
    t = np.clip((values - low) * (1 / (high - low)), 0, 1)
    return t * t * (3 - 2 * t)


def mix(first: Plane, second: Plane, share: Plane) -> Plane:
    """`first` where share is 0, `second` where it is 1."""
    return first + (second - first) * share


def colour(red: float, green: float, blue: float) -> Plane:
    """A linear colour that broadcasts over (3, height, width)."""
    return np.array([red, green, blue], dtype=np.float32).reshape(3, 1, 1)


def dot(first: Plane, second: Plane) -> Plane:
    """Scalar product over the first of three axes; quicker than `(first * second).sum(0)`."""
    return first[0] * second[0] + first[1] * second[1] + first[2] * second[2]


def span(mask: Plane) -> slice:
    """The indices from the first to the last True of a vector; empty when there is none."""
    indices = np.flatnonzero(mask)
    return slice(int(indices[0]), int(indices[-1]) + 1) if indices.size else slice(0, 0)
