"""Uncertainty as OpenEXR and Pillow read it."""

from pathlib import Path

import numpy as np
import OpenEXR
from PIL import Image

from tests.refusal import refusal_of
from twostage_hdr.imaging.result_format import Result, ResultOptions
from twostage_hdr.imaging.uncertainty import UNCERTAINTY


def written(folder: Path, stops: np.ndarray | None) -> tuple[Path, ...]:
    paths = tuple(folder / f"a{ending}" for ending in UNCERTAINTY.endings)
    result = Result(
        paths=paths,
        width=20,
        height=300,
        options=ResultOptions(),
        spooled=lambda: iter(()),
        uncertainty=None if stops is None else lambda top, bottom: stops[top:bottom],
    )
    UNCERTAINTY.write(result)
    return paths


def test_it_is_one_channel_of_stops_and_a_picture_from_black_to_yellow(tmp_path: Path) -> None:
    stops = np.linspace(0, 4, 300 * 20, dtype=np.float32).reshape(300, 20)
    numbers, picture = written(tmp_path, stops)
    with OpenEXR.File(str(numbers)) as file:
        np.testing.assert_allclose(file.channels()["Y"].pixels, stops, rtol=1e-3)
    with Image.open(picture) as image:
        assert image.size == (20, 300)
        assert max(image.getpixel((0, 0))) < 10
        assert min(image.getpixel((19, 299))[:2]) > 240


def test_an_image_without_quantiles_has_none(tmp_path: Path) -> None:
    with refusal_of("--to uncertainty"):
        written(tmp_path, None)
    assert list(tmp_path.iterdir()) == []
