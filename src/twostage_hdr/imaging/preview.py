"""Pictures of HDR for an ordinary screen: a tone-mapped preview and a strip of exposures."""

from collections.abc import Sequence
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from twostage_hdr.imaging.atomic import atomic_path
from twostage_hdr.imaging.chromaticities import REC709
from twostage_hdr.imaging.exif import NO_INFO, PictureInfo
from twostage_hdr.imaging.pixel_arrays import LinearPixels, PreviewPixels, row_bands
from twostage_hdr.imaging.png_chunks import metadata_chunks, put_chunks
from twostage_hdr.imaging.result_format import ResultFormat
from twostage_hdr.radiometry.photometry import REC709_LUMINANCE
from twostage_hdr.radiometry.srgb import srgb_encode

KEY = 0.18
"""Luminance that the log mean is brought to: a mid grey [reinhard2002]."""
LABEL_LETTERS = 12
"""Letters that a column's width has room for, where that makes them neither tiny nor huge."""

SMALLEST_LETTERS, LARGEST_LETTERS = 9, 24
"""Size of labels, px."""

_BAR, _LETTERS = (24, 24, 24), (235, 235, 235)

_REC709_WEIGHTS = np.array(REC709_LUMINANCE, dtype=np.float32)
_LOG_FLOOR = 1e-6
_WHITE_PERCENTILE = 99.9


def preview(linear: LinearPixels, *, key: float | None = None, white: float | None = None) -> PreviewPixels:
    """Tone map by Reinhard's extended global curve, Ld = L (1 + L/white^2) / (1 + L) [reinhard2002].

    Colours keep their hue and saturation until a channel meets the display's limit, from where they fade to white.

    Args:
        linear: HxWx3, >= 0.
        key: Luminance to which the log mean of the image is brought; None means 0.18. Of an image of one exposure's
            scale, 1.0 is the photograph's white.
        white: Scaled luminance that becomes the display's white; None takes the 99.9th percentile, at least 1.

    Returns:
        HxWx3 uint8, sRGB.
    """
    luminance = linear @ _REC709_WEIGHTS
    log_mean = float(np.exp(np.mean(np.log(luminance + np.float32(_LOG_FLOOR)), dtype=np.float64)))
    scale = (KEY if key is None else key) / log_mean
    if white is None:
        white = max(1.0, scale * float(np.percentile(luminance, _WHITE_PERCENTILE)))
    display = np.empty(linear.shape, dtype=np.uint8)
    for rows in row_bands(len(linear)):
        scaled = scale * luminance[rows, :, None]
        gain = scale * ((1 + scaled / white**2) / (1 + scaled))  # the quotient first: it is at most 1
        display[rows] = to_srgb8(_fade_to_white(linear[rows] * gain.astype(np.float32)))
    return display


def _fade_to_white(display: np.ndarray) -> np.ndarray:
    """Bring colours that exceed the display back by mixing with the grey of the same luminance, which keeps hue."""
    grey = np.minimum(display @ _REC709_WEIGHTS, 1)[..., None]
    excess = display.max(axis=-1, keepdims=True) - grey
    saturation = np.where(excess > 1 - grey, (1 - grey) / np.maximum(excess, np.float32(_LOG_FLOOR)), np.float32(1))
    return grey + saturation * (display - grey)


def exposure_strip(
    linear: LinearPixels, stops: Sequence[float] = (-4, -2, 0, 2), *, panel_width: int | None = None
) -> UInt8[np.ndarray, "strip_height strip_width 3"]:
    """The image at several exposures, side by side, each clipped at white as a camera would.

    Args:
        linear: HxWx3; 1.0 is white at 0 stops.
        stops: Exposures, in factors of 2.
        panel_width: Width of a panel in pixels, by averaging whole blocks; None keeps the image's size.

    Returns:
        H'x(W' len(stops))x3 uint8, sRGB.

    Raises:
        ValueError: no stops.
    """
    if not stops:
        raise ValueError(f"stops={stops}: an exposure strip needs one or more")
    block = 1 if panel_width is None else max(1, min(linear.shape[1] // panel_width, linear.shape[0]))
    height, width = (side // block for side in linear.shape[:2])
    cropped = linear[: height * block, : width * block]
    panel = cropped.reshape(height, block, width, block, 3).mean(axis=(1, 3)) if block > 1 else cropped
    return np.concatenate([to_srgb8(panel * np.float32(2.0**stop)) for stop in stops], axis=1)


def labelled_columns(pixels: PreviewPixels, labels: Sequence[str]) -> UInt8[np.ndarray, "labelled_height width 3"]:
    """A picture of columns of one width with a bar on top that says what each of them is.

    Args:
        pixels: HxWx3 uint8, sRGB.
        labels: from left to right; letters shrink, and are cut in the end, where a column is narrow.

    Returns:
        (H + bar)xWx3; the bar's height depends on the columns' width alone.
    """
    width = pixels.shape[1] // len(labels)
    size = min(max(width // LABEL_LETTERS, SMALLEST_LETTERS), LARGEST_LETTERS)
    bar = Image.new("RGB", (pixels.shape[1], round(1.6 * size)), _BAR)
    font = ImageFont.load_default(size)
    for place, label in enumerate(labels):
        cell = Image.new("RGB", (width, bar.height), _BAR)
        ImageDraw.Draw(cell).text((width // 2, bar.height // 2), label, fill=_LETTERS, font=font, anchor="mm")
        bar.paste(cell, (place * width, 0))
    return np.concatenate([np.asarray(bar), pixels])


def to_srgb8(linear: LinearPixels) -> PreviewPixels:
    """Linear light, 1.0 = white, as 8-bit sRGB; values above 1 are clipped."""
    encoded = srgb_encode(torch.from_numpy(np.ascontiguousarray(linear)).clamp(0, 1))
    return encoded.mul_(255).round_().to(torch.uint8).numpy()


def write_png8(path: Path, pixels: PreviewPixels, info: PictureInfo = NO_INFO) -> None:
    """Writes 8-bit sRGB with the EXIF and XMP of `info`; the file is replaced atomically."""
    with atomic_path(path) as temporary:
        iio.imwrite(temporary, pixels, plugin="pillow", extension=".png")
        put_chunks(temporary, metadata_chunks(info))


def eight_bit(image: Float[Tensor, "3 height width"]) -> PreviewPixels:
    """Values that are already encoded for a display, 1.0 = its white, as 8-bit pixels; the rest is clipped."""
    pixels = (image.detach().cpu().clamp(0, 1) * 255).round().byte().permute(1, 2, 0)
    return np.ascontiguousarray(pixels.numpy())


_PANEL_WIDTH = 640
"""Of the strip, px."""


PREVIEW = ResultFormat(
    endings=("_preview.png",), write=lambda result: write_png8(result.path, preview(result.image(REC709)), result.info)
)
"""Tone mapped, for an ordinary screen."""
STRIP = ResultFormat(
    endings=("_exposures.png",),
    write=lambda result: write_png8(
        result.path, exposure_strip(result.image(REC709), panel_width=_PANEL_WIDTH), result.info
    ),
)
"""Exposures side by side."""
