from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import ExifTags, Image

from twostage_hdr.camera.jpeg import quantize_8bit
from twostage_hdr.camera.response import GammaResponse

Scene = Callable[..., np.ndarray]
Photographer = Callable[..., list[Path]]


@pytest.fixture
def scene() -> Scene:
    """A textured scene of a dozen stops, linear; a tenth of it lies above 1."""

    def scene(height: int = 181, width: int = 243, seed: int = 0) -> np.ndarray:
        rng = np.random.default_rng(seed)
        logs = sum(
            cv2.resize(rng.normal(0, weight, (rows, rows, 3)), (width, height), interpolation=cv2.INTER_CUBIC)
            for rows, weight in ((4, 1.6), (12, 0.7), (40, 0.4))
        )
        light = np.exp(logs)
        return (light / np.quantile(light.max(axis=2), 0.9)).astype(np.float32)

    return scene


@pytest.fixture
def photographed(tmp_path: Path) -> Photographer:
    """Writes frames of scenes, as a gamma camera takes them, with EXIF data if `exif`."""

    def photographed(
        linear: np.ndarray | Sequence[np.ndarray], stops: Sequence[float], *, exif: bool = True, suffix: str = ".png"
    ) -> list[Path]:
        paths = []
        for place, stop in enumerate(stops):
            light = linear if isinstance(linear, np.ndarray) else linear[place]
            paths.append(tmp_path / f"frame{place}{suffix}")
            write_frame(paths[-1], light * 2.0**stop, seconds=2.0**stop / 60 if exif else None, second=place)
        return paths

    return photographed


def write_frame(path: Path, linear: np.ndarray, *, seconds: float | None, second: int) -> None:
    """One frame, 1.0 = its white."""
    light = torch.from_numpy(linear.astype(np.float32)).permute(2, 0, 1).clamp(0, 1)
    ldr = quantize_8bit(GammaResponse()(light, np.random.default_rng(0)))
    data = Image.Exif()
    data[ExifTags.Base.Make] = "Virtual"  # Pillow writes no EXIF into a PNG without an entry here
    if seconds is not None:
        photo = data.get_ifd(ExifTags.IFD.Exif)
        photo[ExifTags.Base.ExposureTime] = seconds
        photo[ExifTags.Base.FNumber] = 8.0
        photo[ExifTags.Base.ISOSpeedRatings] = 100
        photo[ExifTags.Base.DateTimeOriginal] = f"2021:06:19 12:00:{second:02d}"
    pixels = np.ascontiguousarray(np.rint(ldr.permute(1, 2, 0).numpy() * 255).astype(np.uint8))
    Image.fromarray(pixels).save(
        path, exif=data, **({"quality": 97, "subsampling": 0} if path.suffix == ".jpg" else {})
    )
