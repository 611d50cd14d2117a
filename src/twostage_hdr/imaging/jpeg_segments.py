"""The marker segments that turn two JPEGs into one Ultra HDR file.

A plain viewer reads the first JPEG and stops. The multi-picture format (CIPA DC-007) tells where the second one lies,
the ISO 21496-1 segments and, for older readers, Adobe's XMP properties tell that it is a gain map.
"""

import math
import struct
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float64, UInt8
from PIL import TiffTags
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from twostage_hdr.imaging.pixel_arrays import LinearPixels
from twostage_hdr.radiometry.photometry import PQ_PEAK, SDR_WHITE_NITS

OFFSET = 1 / 64
"""Added to both pictures so that black has a gain; a share of SDR white."""
_LARGEST_CAPACITY = float(np.log2(PQ_PEAK / SDR_WHITE_NITS))
_SMALLEST_RANGE = 2.0**-10  # keeps a flat map from dividing by zero; far below a visible step
_DENOMINATOR = 1 << 20
_IN_BASE_COLOUR_SPACE = 0x40


@dataclass(frozen=True, kw_only=True)
class GainMap:
    """Gains between an SDR base and its HDR twin.

    Attributes:
        codes: HxWx3 or, of one channel, HxW; 0 is the minimum and 255 the maximum gain.
        minimum: Smallest gain, stops.
        maximum: Largest gain, stops.
    """

    codes: UInt8[np.ndarray, "height width *channels"]
    minimum: float
    maximum: float

    @property
    def capacity(self) -> float:
        """Headroom of a display, in stops above SDR white, from which the whole gain is applied."""
        return min(self.maximum, _LARGEST_CAPACITY) if self.maximum > 0 else 1.0


def gain_map(
    hdr: LinearPixels, sdr: LinearPixels, *, shrink: int = 1, weights: Float64[np.ndarray, "3"] | None = None
) -> GainMap:
    """The gain map from a linear SDR picture ([0, 1]) to its linear HDR twin (1.0 = SDR white).

    Args:
        hdr: HxWx3.
        sdr: HxWx3, of the same primaries.
        shrink: Pixels of the picture along the side of one of the map; their logarithmic gains are averaged.
        weights: Shares of the channels in the luminance, whose gain is the one of all channels; None keeps three.
    """
    if weights is not None:
        hdr, sdr = (picture @ weights.astype(np.float32) for picture in (hdr, sdr))
    gain = np.log2((hdr + np.float32(OFFSET)) / (sdr + np.float32(OFFSET)))
    if shrink > 1:
        height, width = (-(-side // shrink) for side in gain.shape[:2])
        gain = cv2.resize(gain, (width, height), interpolation=cv2.INTER_AREA)
    # Rounded outwards to what the metadata can hold, so that encoder and decoder use the same numbers.
    minimum = math.floor(float(gain.min()) * _DENOMINATOR) / _DENOMINATOR
    maximum = max(math.ceil(float(gain.max()) * _DENOMINATOR) / _DENOMINATOR, minimum + _SMALLEST_RANGE)
    codes = np.rint((gain - minimum) * (255 / (maximum - minimum))).astype(np.uint8)
    return GainMap(codes=codes, minimum=minimum, maximum=maximum)


def iso_metadata(gains: GainMap) -> bytes:
    """The binary metadata of ISO 21496-1 for the gain-map image."""
    map_gamma, base_headroom = 1.0, 0.0
    values = [base_headroom, gains.capacity, gains.minimum, gains.maximum, map_gamma, OFFSET, OFFSET]
    fractions = b"".join(struct.pack(">iI", round(value * _DENOMINATOR), _DENOMINATOR) for value in values)
    return struct.pack(">HHB", 0, 0, _IN_BASE_COLOUR_SPACE) + fractions


_APP1, _APP2 = 0xE1, 0xE2
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_ISO = b"urn:iso:std:iso:ts:21496:-1\0"
_EXIF = b"Exif\0\0"
_ICC = b"ICC_PROFILE\0"
_LARGEST_BODY = 65533  # of a segment, without its length
_ICC_PART = _LARGEST_BODY - len(_ICC) - 2  # behind the name, the number of the part and that of all
_ISO_VERSION_ONLY = struct.pack(">HH", 0, 0)
_PRIMARY_ATTRIBUTE = 0x00030000  # baseline MP primary image
_MP_HEADER = 8  # marker, length and "MPF\0", after which offsets are counted
_TIFF_HEAD = b"MM\0*\0\0\0\x08"
_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"{attributes}>'
    "{elements}</rdf:Description>{others}</rdf:RDF></x:xmpmeta>"
    '<?xpacket end="w"?>'
)
_CONTAINER = (
    ' xmlns:Container="http://ns.google.com/photos/1.0/container/"'
    ' xmlns:Item="http://ns.google.com/photos/1.0/container/item/"'
)
_ITEM = '<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="{}" Item:Mime="image/jpeg"{}/></rdf:li>'


def join_ultra_hdr(
    base: bytes, profile: bytes, gain_jpeg: bytes, gains: GainMap, *, exif: bytes | None = None, descriptions: str = ""
) -> bytes:
    """One file of the base JPEG (with its ICC profile, EXIF and XMP descriptions) and the gain map's JPEG."""
    at = _after_jfif(gain_jpeg)
    described = _segment(_APP1, _XMP + _gain_packet(gains)) + _segment(_APP2, _ISO + iso_metadata(gains))
    second = gain_jpeg[:at] + described + gain_jpeg[at:]
    parts = [profile[at : at + _ICC_PART] for at in range(0, len(profile), _ICC_PART)]
    inserted = b"" if exif is None else _segment(_APP1, _EXIF + exif)
    inserted += _segment(_APP1, _XMP + _container_packet(len(second), descriptions))
    for number, part in enumerate(parts, 1):
        inserted += _segment(_APP2, _ICC + bytes((number, len(parts))) + part)
    inserted += _segment(_APP2, _ISO + _ISO_VERSION_ONLY)
    at = _after_jfif(base)
    size = len(base) + len(inserted) + len(_index(0, 0, 0))
    index = _index(size, len(second), size - (at + len(inserted) + _MP_HEADER))
    return base[:at] + inserted + index + base[at:] + second


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _after_jfif(jpeg: bytes) -> int:
    """Position after the start marker and a JFIF segment, which has to come first."""
    return 4 + int.from_bytes(jpeg[4:6], "big") if jpeg[2:4] == b"\xff\xe0" else 2


def _index(primary_size: int, gain_size: int, gain_offset: int) -> bytes:
    """The multi-picture index: big-endian TIFF with version, number of images and an entry for each."""
    directory = ImageFileDirectory_v2(_TIFF_HEAD)
    directory.tagtype |= {0xB000: TiffTags.UNDEFINED, 0xB001: TiffTags.LONG, 0xB002: TiffTags.UNDEFINED}
    directory[0xB000], directory[0xB001] = b"0100", 2
    sizes = (_PRIMARY_ATTRIBUTE, primary_size, 0, 0, 0, 0, gain_size, gain_offset, 0, 0)
    directory[0xB002] = struct.pack(">IIIHHIIIHH", *sizes)
    return _segment(_APP2, b"MPF\0" + _TIFF_HEAD + directory.tobytes(len(_TIFF_HEAD)))


def _container_packet(gain_size: int, descriptions: str) -> bytes:
    items = _ITEM.format("Primary", "") + _ITEM.format("GainMap", f' Item:Length="{gain_size}"')
    directory = f"<Container:Directory><rdf:Seq>{items}</rdf:Seq></Container:Directory>"
    return _PACKET.format(attributes=_CONTAINER, elements=directory, others=descriptions).encode()


def _gain_packet(gains: GainMap) -> bytes:
    properties = {
        "GainMapMin": gains.minimum,
        "GainMapMax": gains.maximum,
        "Gamma": 1.0,
        "OffsetSDR": OFFSET,
        "OffsetHDR": OFFSET,
        "HDRCapacityMin": 0.0,
        "HDRCapacityMax": gains.capacity,
    }
    numbers = "".join(f' hdrgm:{name}="{value:.7f}"' for name, value in properties.items())
    return _PACKET.format(attributes=f'{numbers} hdrgm:BaseRenditionIsHDR="False"', elements="", others="").encode()
