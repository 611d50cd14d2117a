"""How sure a reconstruction is: stops of light a pixel, as numbers and as a picture."""

import numpy as np

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.exr import exr_writer
from twostage_hdr.imaging.pixel_arrays import row_bands
from twostage_hdr.imaging.preview import write_png8
from twostage_hdr.imaging.result_format import Result, ResultFormat

UNCERTAINTY_STOPS = 4.0
"""Uncertainty at which its picture has the colour map's last colour."""


def _write(result: Result) -> None:
    if result.uncertainty is None:
        raise InputError("--to uncertainty", "there are no quantiles of an image as it is", "reconstruct a photograph")
    from matplotlib import colormaps  # half a second, for this format alone

    colours = colormaps["inferno"]
    picture = np.empty((result.height, result.width, 3), np.uint8)
    with exr_writer(Result(paths=result.paths, width=result.width, height=result.height), grey=True) as write_rows:
        for rows in row_bands(result.height):
            stops = result.uncertainty(rows.start, rows.stop)
            write_rows(stops[..., None])
            picture[rows] = colours(stops / UNCERTAINTY_STOPS, bytes=True)[..., :3]
    write_png8(result.paths[1], picture)


UNCERTAINTY = ResultFormat(endings=("_uncertainty.exr", "_uncertainty.png"), write=_write, metadata=False)
"""Stops between the 10 and the 90 % quantile of the light."""
