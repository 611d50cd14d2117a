"""How a photograph was exposed and when it was taken, as the camera wrote it into the EXIF data."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from PIL import ExifTags, Image

from twostage_hdr.boundary.quiet import quiet_libraries
from twostage_hdr.boundary.regular_file import regular_file
from twostage_hdr.imaging.exif import exif_number
from twostage_hdr.imaging.ldr import PILLOW_FORMATS

AUTO_BRACKET = 2
"""Value of EXIF's ExposureMode while the camera's drive takes a bracket."""


@dataclass(frozen=True, kw_only=True)
class ExifExposure:
    """What the EXIF data say; None where they are silent.

    Attributes:
        seconds: exposure time, s.
        iso: sensitivity.
        f_number: focal length / aperture.
        taken: local time at the camera.
        bracketed: whether the camera's drive took it as a part of a bracket.
        camera: maker and model.
        size: stored width and height, px.
    """

    seconds: float | None = None
    iso: float | None = None
    f_number: float | None = None
    taken: datetime | None = None
    bracketed: bool = False
    camera: str = ""
    size: tuple[int, int] = (0, 0)

    @property
    def stops(self) -> float | None:
        """log2(seconds * ISO / 100 / f^2): stops of exposure, higher is brighter. None without an exposure time.

        A silent sensitivity or aperture (a lens without contacts) counts as ISO 100 and f/1: equal over a bracket.
        """
        if self.seconds is None:
            return None
        return math.log2(self.seconds * (self.iso or 100) / 100 / (self.f_number or 1) ** 2)


def read_exif_exposure(path: Path) -> ExifExposure:
    """Reads the EXIF data of a photograph; all silent where there are none, or Pillow does not know the format."""
    try:
        with quiet_libraries(), Image.open(regular_file(path), formats=PILLOW_FORMATS) as image:
            base, size = image.getexif(), image.size
            photo = base.get_ifd(ExifTags.IFD.Exif)
    except Exception:  # damaged EXIF data make the reader raise almost anything, and are as good as none
        return ExifExposure()
    tags = ExifTags.Base
    return ExifExposure(
        seconds=_positive(photo.get(tags.ExposureTime)),
        iso=_positive(photo.get(tags.ISOSpeedRatings)),
        f_number=_positive(photo.get(tags.FNumber)),
        taken=moment_taken(base),
        bracketed=photo.get(tags.ExposureMode) == AUTO_BRACKET,
        camera=" ".join(str(base.get(tag, "")).strip("\0 ") for tag in (tags.Make, tags.Model)).strip(),
        size=size,
    )


def _positive(value: object) -> float | None:
    """The number of a tag if it is above 0: cameras write 0 for what they do not know."""
    number = exif_number(value)
    return number if number is not None and number > 0 else None


def moment_taken(block: Image.Exif) -> datetime | None:
    """When a photograph was taken, else changed; None where EXIF is silent."""
    photo, tags = block.get_ifd(ExifTags.IFD.Exif), ExifTags.Base
    return exif_moment(photo.get(tags.DateTimeOriginal) or block.get(tags.DateTime), photo.get(tags.SubsecTimeOriginal))


def exif_moment(text: object, fraction: object) -> datetime | None:
    """A date and time as EXIF writes it, and the digits after its seconds; None if it is no date."""
    try:
        moment = datetime.strptime(str(text).strip("\0 "), "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    digits = str(fraction or "").strip("\0 ")
    return moment + timedelta(seconds=float(f"0.{digits}") if digits.isdigit() else 0)
