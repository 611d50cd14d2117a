"""The viewer's camera: one ray per pixel."""

from dataclasses import dataclass

import numpy as np

from twostage_hdr.data.procedural.plane import Plane


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
