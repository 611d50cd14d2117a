"""Pictures to write and read: a smooth HDR scene, and the real files where they lie beside the checkout."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from twostage_hdr.imaging.chromaticities import DISPLAY_P3
from twostage_hdr.imaging.exif import PictureInfo

SHARED = Path(__file__).parents[2] / ".." / "shared"


@pytest.fixture
def scene() -> np.ndarray:
    """A smooth HDR picture, 48x64x3: greys and colours of Rec. 709 from black to 24 times white."""
    rows, columns = np.mgrid[:48, :64].astype(np.float32)
    stops = -7 + 11.58 * (columns / 63)
    tint = 0.5 + 0.5 * np.stack([np.cos(rows / 12 + phase) for phase in (0.0, 2.1, 4.2)], axis=-1)
    picture = np.exp2(stops)[:, :, None] * (0.4 + 0.6 * tint)
    picture[:6, :6] = 0
    return picture.astype(np.float32)


XMP = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    b' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)


def exif_block(orientation: int = 6) -> bytes:
    """What a camera writes about a photograph: 1/250 s, f/2.8, ISO 400, 48.5 N, 11.25 W, 520 m above the sea."""
    tags, gps = ExifTags.Base, ExifTags.GPS
    block = Image.Exif()
    block.update({tags.Make: "Maker", tags.Model: "Model X", tags.Orientation: orientation, tags.Copyright: "(c) me"})
    block.get_ifd(ExifTags.IFD.Exif).update(
        {
            tags.ExposureTime: IFDRational(1, 250),
            tags.FNumber: IFDRational(28, 10),
            tags.ISOSpeedRatings: 400,
            tags.FocalLength: IFDRational(35),
            tags.LensModel: "Lens 35",
            tags.DateTimeOriginal: "2024:05:06 07:08:09",
            tags.OffsetTimeOriginal: "+02:00",
            tags.MakerNote: b"its maker's secrets",
        }
    )
    block.get_ifd(ExifTags.IFD.GPSInfo).update(
        {
            gps.GPSLatitudeRef: "N",
            gps.GPSLatitude: (IFDRational(48), IFDRational(30), IFDRational(0)),
            gps.GPSLongitudeRef: "W",
            gps.GPSLongitude: (IFDRational(11), IFDRational(15), IFDRational(0)),
            gps.GPSAltitudeRef: b"\0",
            gps.GPSAltitude: IFDRational(520),
        }
    )
    return block.tobytes().removeprefix(b"Exif\0\0")


@pytest.fixture
def info() -> PictureInfo:
    """What goes along with a photograph in Display P3 that a camera turned by 90 degrees had taken."""
    return PictureInfo(exif=exif_block(), xmp=XMP, taken=datetime(2024, 5, 6, 7, 8, 9), primaries=DISPLAY_P3)


@pytest.fixture
def noise() -> np.ndarray:
    """HDR noise, 19x23x3, from 0 to about 60 times white: every pixel unlike its neighbours."""
    return (np.random.default_rng(3).random((19, 23, 3), dtype=np.float32) * 1.5) ** 5 * 8


@pytest.fixture
def shared() -> Path:
    """The folder of real pictures beside the checkout."""
    if not (SHARED / "hdr").is_dir():
        pytest.skip("no folder of real pictures beside the checkout")
    return SHARED
