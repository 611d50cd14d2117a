"""One row of a gallery: the same light from every method, shown in one way."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from twostage_hdr.evaluation.stops_error import stops_difference
from twostage_hdr.imaging.pixel_arrays import LinearPixels, PreviewPixels
from twostage_hdr.imaging.preview import KEY, exposure_strip, preview
from twostage_hdr.radiometry.luminance import luminance
from twostage_hdr.radiometry.quantities import LinearRGB

WHITE_PERCENTILE = 99.9
"""Percentile of the guide's scaled luminance that a tone-mapped row shows as white."""

DARKEST = 2.0**-8
"""Relative luminance (1.0 = white) to which darker pixels are lifted: below it a frame holds noise and no picture."""


@dataclass(frozen=True, kw_only=True)
class PaneRow:
    """What a row shows.

    Attributes:
        label: what was done to the light.
        panes: column title -> sRGB pixels (H, W, 3), or differences in stops (H, W); a missing title stays empty.
    """

    label: str
    panes: Mapping[str, np.ndarray]


def exposure_row(images: Mapping[str, LinearRGB], stops: float, name: str = "") -> PaneRow:
    """Every image with `stops` more exposure, clipped at white as a camera would."""
    panes = {title: exposure_strip(pixels_of(image), [stops]) for title, image in images.items()}
    told = f"{stops:+g}".replace("-", "\u2212") if stops else "0"
    return PaneRow(label=f"{name}{told} stops", panes=panes)


def tone_mapped_row(images: Mapping[str, LinearRGB], guide: str) -> PaneRow:
    """Every image under the tone curve of one of them, so that a brighter result looks brighter."""
    light = luminance(images[guide]).double()
    white = max(1.0, KEY / _log_mean(images[guide]) * float(np.percentile(light.numpy(), WHITE_PERCENTILE)))
    return PaneRow(
        label="tone-mapped",
        panes={title: _tone_mapped(image, images[guide], white) for title, image in images.items()},
    )


def difference_row(images: Mapping[str, LinearRGB], reference: str) -> PaneRow:
    """Stops between every other image and the reference."""
    panes = {
        title: stops_difference(image, images[reference], floor=DARKEST)[0].numpy()
        for title, image in images.items()
        if title != reference
    }
    return PaneRow(label="difference", panes=panes)


def pixels_of(image: LinearRGB) -> LinearPixels:
    """(3, H, W) tensor as (H, W, 3) float32 array."""
    return np.ascontiguousarray(image.float().permute(1, 2, 0).numpy())


def _tone_mapped(image: LinearRGB, guide: LinearRGB, white: float) -> PreviewPixels:
    """`preview` brings an image's own log mean to the key: a key in proportion to it undoes that."""
    return preview(pixels_of(image), key=KEY * _log_mean(image) / _log_mean(guide), white=white)


def _log_mean(image: Tensor) -> float:
    return float((luminance(image).double() + 1e-6).log().mean().exp())
