"""The viewer's camera, one ray per pixel, and arithmetic on pictures."""

from dataclasses import dataclass
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


@dataclass(frozen=True)
class View:
    """Rays (x, y, 1) of a level pinhole camera: x to the right, y up, z ahead.

    Attributes:
        x: (height, width) horizontal slope of each pixel's ray.
        y: (height, width) its vertical slope, positive above the horizon.
        focal: pixels per unit of slope.
    """

    x: Plane
    y: Plane
    focal: float

    @classmethod
    def level(cls, height: int, width: int, *, horizon: float, focal: float) -> "View":
        """A view with the horizon at `horizon` of the height (0 = top edge) and `focal` times the longer side."""
        pixels = focal * max(height, width)
        column, row = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        x = (column - np.float32((width - 1) / 2)) / np.float32(pixels)
        y = (np.float32(horizon * height - 0.5) - row) / np.float32(pixels)
        return cls(x, y, pixels)
