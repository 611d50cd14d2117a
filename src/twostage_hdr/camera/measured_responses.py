"""A user's file of measured response curves, in the text formats of DoRF and EMoR [grossberg2003emor].

Neither database comes with this package: their licence is not stated.
"""

import numpy as np
import torch
from jaxtyping import Float

from twostage_hdr.boundary.regular_file import TEXT_AT_MOST, read_bytes
from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB

COMPONENTS = 4
"""Of EMoR's that a random curve is made of; they explain over 99.5 % of the database [grossberg2003emor]."""
SPREAD = (0.6, 0.25, 0.12, 0.08)
"""Deviations of their weights, our choice: curves that are not monotone are drawn again."""
ATTEMPTS = 100


class MeasuredResponses:
    """Curves of a file, one drawn for each capture.

    DoRF (`dorfCurves.txt`): six lines a camera; name, kind, `I =`, irradiances, `B =`, brightnesses. EMoR (`emor.txt`):
    blocks `name =` and lines of numbers: `E`, the irradiances, `f0`, the mean, and `h(1)`, `h(2)`, ..., the components.

    Args:
        file: one of the two.

    Raises:
        InputError: neither of them.
    """

    def __init__(self, file: str) -> None:
        text = read_bytes(file, at_most=TEXT_AT_MOST, may_be_empty=True, cure="give dorfCurves.txt or emor.txt")
        lines = [line.strip() for line in text.decode("latin-1").splitlines() if line.strip()]
        blocks = _blocks(lines)
        names = [name for name, _ in blocks]
        self.curves: list[tuple[np.ndarray, np.ndarray]] = []
        self.light = self.mean = np.empty(0)
        self.components: list[np.ndarray] = []
        if "B" in names:
            irradiance = [values for name, values in blocks if name == "I"]
            brightness = [values for name, values in blocks if name == "B"]
            self.curves = [(x, y) for x, y in zip(irradiance, brightness, strict=False) if _is_curve(x, y)]
        elif "f0" in names:
            of = dict(blocks)
            self.light, self.mean = of.get("E", np.empty(0)), of["f0"]
            self.components = [of[f"h({k})"] for k in range(1, COMPONENTS + 1) if f"h({k})" in of]
        if not self.curves and not (self.components and _is_curve(self.light, self.mean)):
            raise InputError(
                f"camera.response.file={file}",
                "no response curves found",
                "expected blocks 'I =' and 'B =' as in dorfCurves.txt, or 'E =', 'f0 =', 'h(1) =' as in emor.txt",
            )

    def draw(self, rng: np.random.Generator) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        """Irradiances and brightnesses of a curve, both rising from 0 to 1."""
        if self.curves:
            return self.curves[int(rng.integers(len(self.curves)))]
        for _ in range(ATTEMPTS):
            weights = rng.normal(0, SPREAD[: len(self.components)])
            curve = self.mean + sum(w * h for w, h in zip(weights, self.components, strict=True))
            if _is_curve(self.light, curve):
                return self.light, curve
        return self.light, self.mean

    def __call__(self, linear: LinearRGB, rng: np.random.Generator) -> EncodedRGB:
        """Encode linear values in [0, 1] to [0, 1]."""
        encoded = np.interp(linear.cpu().numpy(), *self.draw(rng))
        return torch.from_numpy(encoded).to(linear)


def _blocks(lines: list[str]) -> list[tuple[str, np.ndarray]]:
    """(name, numbers) of each `name =` and the lines of numbers below it."""
    blocks: list[tuple[str, list[float]]] = []
    for line in lines:
        name, equals, rest = line.partition("=")
        if equals:
            blocks.append((name.strip(), []))
        try:
            values = [float(word) for word in (rest if equals else line).split()]
        except ValueError:
            continue  # a camera's name
        if blocks:
            blocks[-1][1].extend(values)
    return [(name, np.array(values)) for name, values in blocks]


def _is_curve(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether both rise, from 0 to 1."""
    if len(x) < 2 or len(x) != len(y):
        return False
    ends = np.array([x[0], y[0], x[-1] - 1, y[-1] - 1])
    return bool((np.diff(x) >= 0).all() and (np.diff(y) >= -1e-4).all() and (np.abs(ends) < 0.02).all())
