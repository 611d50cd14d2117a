"""What a photograph says about itself: what of it goes along to every file, when and how it was exposed."""

import math
import struct
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from PIL import ExifTags, Image

from twostage_hdr.boundary.quiet import quiet_libraries
from twostage_hdr.boundary.regular_file import regular_file
from twostage_hdr.imaging.chromaticities import REC709, Chromaticities
from twostage_hdr.imaging.pixel_arrays import EXIF_ORIENTATION, PILLOW_FORMATS

_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_UPRIGHT = 1
_TAGS, _GPS = ExifTags.Base, ExifTags.GPS
_NUMBERS = {
    "expTime": _TAGS.ExposureTime,
    "aperture": _TAGS.FNumber,
    "isoSpeed": _TAGS.ISOSpeedRatings,
    "nominalFocalLength": _TAGS.FocalLength,
}
_TEXTS = {
    "cameraMake": _TAGS.Make,
    "cameraModel": _TAGS.Model,
    "lensModel": _TAGS.LensModel,
    "owner": _TAGS.Copyright,
}


@dataclass(frozen=True, kw_only=True)
class PictureInfo:
    """What a photograph says about itself, besides its pixels. Writers keep of it what their format can hold.

    Attributes:
        exif: The EXIF block, a TIFF structure as it begins in every container (`II*` or `MM*`, without `Exif\\0\\0`),
            as the photograph has it: writers reset its orientation, since pixels are upright.
        xmp: The XMP packet, UTF-8.
        taken: When the photograph was taken, local time of the camera.
        primaries: Of the pixels that are written; `REC709`, `DISPLAY_P3` or `REC2020` of `chromaticities`.
    """

    exif: bytes | None = None
    xmp: bytes | None = None
    taken: datetime | None = None
    primaries: Chromaticities = REC709

    def without_metadata(self) -> "PictureInfo":
        """The primaries alone."""
        return PictureInfo(primaries=self.primaries)


NO_INFO = PictureInfo()
"""Nothing known: Rec. 709 pixels without metadata."""


def result_exif(info: PictureInfo) -> bytes | None:
    """The EXIF block of a result: the photograph's with orientation 1, or a new one if only the date is known."""
    if info.exif is not None:
        return _upright(info.exif)
    if info.taken is None:
        return None
    block = Image.Exif()
    block[_TAGS.DateTime] = block.get_ifd(ExifTags.IFD.Exif)[_TAGS.DateTimeOriginal] = f"{info.taken:%Y:%m:%d %H:%M:%S}"
    return block.tobytes().removeprefix(b"Exif\0\0")


def _upright(exif: bytes) -> bytes:
    """The block with orientation 1, in place: a maker's notes are full of offsets. A turned thumbnail goes."""
    order = _ORDERS.get(exif[:4], "")
    try:
        (at,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, at)
        entries = [at + 2 + 12 * place for place in range(count)]
        found = [entry for entry in entries if struct.unpack_from(f"{order}H", exif, entry)[0] == EXIF_ORIENTATION]
        if not found or struct.unpack_from(f"{order}H", exif, found[0] + 8)[0] == _UPRIGHT:
            return exif
        block = bytearray(exif)
        struct.pack_into(f"{order}H", block, found[0] + 8, _UPRIGHT)
        struct.pack_into(f"{order}I", block, at + 2 + 12 * count, 0)
        return bytes(block)
    except struct.error:  # damaged: nothing there says how the picture is turned
        return exif


def read_block(exif: bytes | None) -> Image.Exif:
    """The block as Pillow reads it; empty where there is none, or a damaged one."""
    block = Image.Exif()
    try:
        with quiet_libraries():
            block.load(exif or b"")
            for part in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
                block.get_ifd(part)
    except Exception:  # damaged blocks make Pillow raise almost anything, and are as good as none
        return Image.Exif()
    return block


def openexr_attributes(info: PictureInfo) -> dict[str, float | str]:
    """OpenEXR's standard attributes (and the customary `xmp`) of what a photograph says about itself."""
    block = read_block(info.exif)
    tags = {**block, **block.get_ifd(ExifTags.IFD.Exif)}
    place = block.get_ifd(ExifTags.IFD.GPSInfo)
    numbers = {name: exif_number(tags.get(tag)) for name, tag in _NUMBERS.items()}
    numbers["latitude"] = _degrees(place.get(_GPS.GPSLatitude), place.get(_GPS.GPSLatitudeRef) == "S")
    numbers["longitude"] = _degrees(place.get(_GPS.GPSLongitude), place.get(_GPS.GPSLongitudeRef) == "W")
    numbers["utcOffset"] = _seconds_to_utc(tags.get(_TAGS.OffsetTimeOriginal))
    numbers["altitude"] = exif_number(place.get(_GPS.GPSAltitude), below=place.get(_GPS.GPSAltitudeRef) in (1, b"\x01"))
    texts = {name: str(tags[tag]).strip("\0 ") for name, tag in _TEXTS.items() if tag in tags}
    xmp = {} if info.xmp is None else {"xmp": info.xmp.decode("utf-8", "replace")}
    return {name: value for name, value in {**numbers, **texts, **xmp}.items() if value not in (None, "")}


def exif_number(value: object, *, below: bool = False) -> float | None:
    """The first number of a tag, negated if below; None for none: cameras write 0/0 for what they do not know."""
    try:
        number = float(value[0] if isinstance(value, tuple) else value)  # type: ignore[arg-type]
    except (TypeError, ValueError, IndexError, ZeroDivisionError):
        return None
    return (-number if below else number) if math.isfinite(number) else None


def _degrees(parts: object, negative: bool) -> float | None:
    """Of degrees, minutes and seconds; south and west are negative."""
    numbers = [exif_number(part) for part in parts] if isinstance(parts, tuple) else []
    if len(numbers) != 3 or None in numbers:
        return None
    degrees = sum(part / 60**place for place, part in enumerate(numbers) if part is not None)
    return -degrees if negative else degrees


def _seconds_to_utc(offset: object) -> float | None:
    """What is added to the local time for UTC, of an offset like +02:00."""
    try:
        ahead = datetime.strptime(str(offset).strip("\0 "), "%z").utcoffset()
    except ValueError:
        return None
    return None if ahead is None else -ahead.total_seconds()


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
