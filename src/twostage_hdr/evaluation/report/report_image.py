"""One scene of a report, as every method shows it, and how its HDR pictures travel in a web page."""

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int, UInt16

from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.quantities import LinearRGB

LOWEST_STOP, HIGHEST_STOP = -12.0, 10.0
"""Ends of the code's range, in stops relative to white. Code 0 is shown as black."""

HIGHEST_CODE = 2047
"""11 bits."""


def encode_picture(linear: LinearRGB) -> str:
    """A (3, H, W) relative linear picture as base64 text, which `decodePicture` in `codec.js` undoes.

    A browser decodes 8 bits per channel at most, so the page carries its own format. Each channel becomes a code of
    11 bits, equal steps of log2: 22 stops from 2^-12 to 2^10 times white, 0.75 % a step. Red and blue are kept as
    differences to green, each plane is predicted from its upper and left neighbours, and the residuals are deflated.
    """
    red, green, blue = log_codes(linear.detach().cpu().numpy()).astype(np.int32)
    residuals = np.stack([_residual(plane) for plane in (green, red - green, blue - green)])
    # Zigzag, so that small residuals of either sign have an empty high byte.
    folded = ((residuals << 1) ^ (residuals >> 31)).astype(np.uint16)
    planes = (folded >> 8).astype(np.uint8).tobytes() + (folded & 255).astype(np.uint8).tobytes()
    return base64.b64encode(zlib.compress(planes, 9)).decode("ascii")


def log_codes(linear: Float[np.ndarray, "*shape"]) -> UInt16[np.ndarray, "*shape"]:
    """The nearest codes; what lies outside the range takes its end."""
    stops = np.log2(np.maximum(linear, 2.0**LOWEST_STOP))
    share = (stops - LOWEST_STOP) / (HIGHEST_STOP - LOWEST_STOP)
    return np.rint(np.clip(share, 0, 1) * HIGHEST_CODE).astype(np.uint16)


def _residual(plane: Int[np.ndarray, "height width"]) -> Int[np.ndarray, "height width"]:
    """The plane minus its median-edge-detector prediction (outside the image: 0)."""
    padded = np.pad(plane, ((1, 0), (1, 0)))
    left, above, corner = padded[1:, :-1], padded[:-1, 1:], padded[:-1, :-1]
    lower, upper = np.minimum(left, above), np.maximum(left, above)
    predicted = np.where(corner >= upper, lower, np.where(corner <= lower, upper, left + above - corner))
    return plane - predicted


REFERENCE = "reference"
"""Name of the pane that holds the true image."""

PERCENTILE = 0.99
"""The quantile of the linear reference that the mu-law view is scaled by, as the challenge's metric is."""


@dataclass(frozen=True, kw_only=True)
class ReportImage:
    """A scene and its panes.

    Attributes:
        name: the scene's id, as in the rows' `per_image`; scores are then shown beside the picture.
        panes: method's name (or "reference") -> relative linear RGB (3, H, W), 1.0 = white; all of one size. The first
            two are what the page compares at first.
    """

    name: str
    panes: Mapping[str, LinearRGB]

    def __post_init__(self) -> None:
        sizes = {tuple(pane.shape) for pane in self.panes.values()}
        if len(sizes) != 1:
            raise InputError(f"report picture {self.name!r}", f"panes of sizes {sorted(sizes)}", "give one size")

    @property
    def white(self) -> float:
        """The 99th percentile of the reference's values (of the brightest pane's without one): the mu-law's unit."""
        panes = [self.panes[REFERENCE]] if REFERENCE in self.panes else list(self.panes.values())
        ranked = [pane.flatten().kthvalue(max(round(PERCENTILE * pane.numel()), 1)).values for pane in panes]
        return max(float(torch.stack(ranked).max()), 1e-6)

    def shrunk(self, side: int) -> "ReportImage":
        """The same scene with its longer side at most `side` px, averaged in linear light."""
        height, width = next(iter(self.panes.values())).shape[-2:]
        factor = min(side / max(height, width), 1.0)
        size = (max(round(height * factor), 1), max(round(width * factor), 1))
        panes = {
            name: F.interpolate(pane[None].float(), size=size, mode="area")[0] for name, pane in self.panes.items()
        }
        return ReportImage(name=self.name, panes=panes)
