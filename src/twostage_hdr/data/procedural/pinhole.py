"""The viewer's camera: one ray per pixel."""

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


def dot(first: Plane, second: Plane) -> Plane:
    """Scalar product over the first of three axes; quicker than `(first * second).sum(0)`."""
    return first[0] * second[0] + first[1] * second[1] + first[2] * second[2]


def span(mask: Plane) -> slice:
    """The indices from the first to the last True of a vector; empty when there is none."""
    indices = np.flatnonzero(mask)
    return slice(int(indices[0]), int(indices[-1]) + 1) if indices.size else slice(0, 0)


@dataclass(frozen=True)
class View:
    """Rays (x, y, 1) of a level pinhole camera: x to the right, y up, z ahead.

    Attributes:
        x: (1, width) horizontal slope of each column.
        y: (height, 1) vertical slope of each row, positive above the horizon.
        focal: pixels per unit of slope.
    """

    x: Plane
    y: Plane
    focal: float

    @classmethod
    def level(cls, height: int, width: int, *, horizon: float, focal: float) -> "View":
        """A view with the horizon at `horizon` of the height (0 = top edge) and `focal` times the longer side."""
        pixels = focal * max(height, width)
        x = (np.arange(width, dtype=np.float32) - (width - 1) / 2)[None, :] / np.float32(pixels)
        y = (horizon * height - np.arange(height, dtype=np.float32) - 0.5)[:, None] / np.float32(pixels)
        return cls(x.astype(np.float32), y.astype(np.float32), float(pixels))

    def length(self) -> Plane:
        """(height, width) length of (x, y, 1)."""
        return np.sqrt(self.x**2 + self.y**2 + 1)

    def directions(self) -> Plane:
        """(3, height, width) of (x, y, 1)."""
        ones = np.ones((self.y.shape[0], self.x.shape[1]), dtype=np.float32)
        return np.stack([self.x * ones, self.y * ones, ones])
