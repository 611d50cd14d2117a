"""What goes along from a photograph to every file that is made of it."""

from dataclasses import dataclass
from datetime import datetime

from twostage_hdr.imaging.chromaticities import REC709, Chromaticities


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


NO_INFO = PictureInfo()
"""Nothing known: Rec. 709 pixels without metadata."""
