"""Previews of scenes, and small grey thumbnails by which frames of one shot and duplicates are found."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import cv2
import numpy as np
from jaxtyping import Float, Float32, UInt8
from torch import Tensor

from twostage_hdr.imaging.preview import preview
from twostage_hdr.radiometry.gamma import HDM_GAMMA

THUMBNAIL = (48, 27)
"""Width and height in px at which frames are compared: shots differ in composition, not in detail."""

NEAR_DUPLICATE = 0.97
"""Correlation from which on two thumbnails count as one picture. Of 78 panoramas and photographs of 66 places no two
different ones came above 0.943, and those were cloudless skies."""

FLAT = 0.5
"""Standard deviation in 8-bit levels below which a picture shows nothing that could be compared."""

_LEAST_DETAIL = 0.05
"""Standard deviation of a thumbnail's part below which a correlation is noise."""

Thumbnail: TypeAlias = Float32[np.ndarray, "27 48"]
"""Grey, zero mean, unit variance (all zero if flat), so that a mean product is a correlation."""


def thumbnail(pixels: np.ndarray) -> Thumbnail:
    """The thumbnail of an HxWx3 picture of 8 or 16 bits."""
    deepest = np.iinfo(pixels.dtype).max
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32) * np.float32(255 / deepest)
    small = cv2.resize(grey, THUMBNAIL, interpolation=cv2.INTER_AREA)
    spread = float(small.std())
    return (small - small.mean()) / np.float32(spread) if spread > FLAT else np.zeros_like(small)


def thumbnails(ids: Sequence[str], picture: Callable[[str], np.ndarray]) -> dict[str, Thumbnail]:
    """The thumbnails of many pictures; decoding releases the interpreter lock, so threads share the work."""
    with ThreadPoolExecutor() as pool:
        return dict(zip(ids, pool.map(lambda scene_id: thumbnail(picture(scene_id)), ids), strict=True))


def panned_correlation(first: Thumbnail, second: Thumbnail) -> float:
    """The best correlation of the first picture's middle with the second, over pans of up to an eighth of the width.

    A pan of two degrees brings the plain correlation of a detailed scene down to 0.74, this one only to 0.96.
    """
    right, down = (length // 8 for length in THUMBNAIL)
    middle = first[down:-down, right:-right]
    if middle.std() < _LEAST_DETAIL or second.std() < _LEAST_DETAIL:
        return 0.0
    return float(cv2.matchTemplate(second, middle, cv2.TM_CCOEFF_NORMED).max())


def alike_pairs(
    first: Mapping[str, Thumbnail], second: Mapping[str, Thumbnail], *, threshold: float = NEAR_DUPLICATE
) -> list[tuple[str, str, float]]:
    """All pairs, one of each set, whose correlation exceeds the threshold; most alike first."""
    if not first or not second:
        return []
    left, right = (np.stack([image.ravel() for image in images.values()]) for images in (first, second))
    alike = left @ right.T / left.shape[1]
    names = list(first), list(second)
    pairs = [
        (names[0][i], names[1][j], float(alike[i, j])) for i, j in zip(*np.nonzero(alike > threshold), strict=True)
    ]
    return sorted(pairs, key=lambda pair: (-pair[2], pair[0], pair[1]))


_WHITE_PERCENTILE = 95.0

_LARGEST_WIDTH = 480

_SAMPLES = 100_000


def exposed_preview(linear: Float[Tensor, "3 height width"]) -> UInt8[np.ndarray, "rows columns 3"]:
    """The image exposed so that 5 % of it clips, encoded with gamma 2.24, at most 480 px wide.

    Args:
        linear: relative linear RGB >= 0.
    """
    pixels = np.ascontiguousarray(linear.permute(1, 2, 0).numpy())
    brightest = pixels.max(axis=2).ravel()
    white = float(np.percentile(brightest[:: max(1, brightest.size // _SAMPLES)], _WHITE_PERCENTILE))
    exposed = np.minimum(pixels / np.float32(white if white > 0 else 1.0), 1)
    height, width = exposed.shape[:2]
    if width > _LARGEST_WIDTH:
        size = (_LARGEST_WIDTH, max(1, round(height * _LARGEST_WIDTH / width)))
        exposed = cv2.resize(exposed, size, interpolation=cv2.INTER_AREA)
    return np.rint(255 * np.power(exposed, np.float32(1 / HDM_GAMMA))).astype(np.uint8)


_PANEL_WIDTH, _QUALITY = 176, 72


def sheet_picture(frame: UInt8[np.ndarray, "height width 3"], linear: Float32[np.ndarray, "height width 3"]) -> bytes:
    """A small JPEG for looking at many scenes: the 8-bit frame beside the tone-mapped reference.

    Args:
        frame: 0..255.
        linear: relative linear RGB >= 0.
    """
    size = (_PANEL_WIDTH, max(1, round(frame.shape[0] * _PANEL_WIDTH / frame.shape[1])))
    small, light = (cv2.resize(image, size, interpolation=cv2.INTER_AREA) for image in (frame, linear))
    panels = np.hstack([small, preview(light)])[:, :, ::-1]
    return cv2.imencode(".jpg", panels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
