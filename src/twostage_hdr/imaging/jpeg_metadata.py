"""What of a photograph's EXIF and XMP fits into a JPEG beside the properties of a gain map."""

from typing import NamedTuple
from xml.etree import ElementTree

from twostage_hdr.imaging.exif import result_exif
from twostage_hdr.imaging.picture_info import PictureInfo

_LARGEST_EXIF = 65_527  # a segment's 64 KB without its length and name
_LARGEST_XMP = 60_000
"""Room of a segment beside the directory of the pictures."""
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_OF_GAIN_MAPS = ("{http://ns.adobe.com/hdr-gain-map/", "{http://ns.google.com/photos/1.0/container/")
"""Properties of a photograph that was Ultra HDR itself, about pictures that are not in the new file."""


class JpegMetadata(NamedTuple):
    """What goes into the first picture's segments."""

    exif: bytes | None = None
    """The TIFF structure."""
    descriptions: str = ""
    """The XMP packet's rdf:Description elements."""
    notes: tuple[str, ...] = ()
    """What did not fit."""


NO_METADATA = JpegMetadata()
"""Neither."""


def jpeg_metadata(info: PictureInfo) -> JpegMetadata:
    """EXIF and XMP of a result as far as they fit."""
    notes = []
    exif, descriptions = result_exif(info), ""
    if exif is not None and len(exif) > _LARGEST_EXIF:
        exif = None
        notes.append("EXIF left out of the JPEG, which holds 64 KB of it")
    if info.xmp is not None:
        try:
            descriptions = _descriptions(info.xmp)
        except (ElementTree.ParseError, ValueError):
            notes.append("damaged XMP left out of the JPEG")
    if len(descriptions.encode()) > _LARGEST_XMP:
        descriptions = ""
        notes.append("XMP left out of the JPEG, which holds 64 KB of it")
    return JpegMetadata(exif, descriptions, tuple(notes))


def _descriptions(packet: bytes) -> str:
    """The packet's descriptions as text, each with its own namespaces, without those of gain maps.

    Raises:
        xml.etree.ElementTree.ParseError: not well-formed.
    """
    kept = []
    for description in ElementTree.fromstring(packet.strip(b"\0 \r\n\t")).iter(f"{_RDF}Description"):
        for name in [name for name in description.attrib if name.startswith(_OF_GAIN_MAPS)]:
            del description.attrib[name]
        for child in [child for child in description if child.tag.startswith(_OF_GAIN_MAPS)]:
            description.remove(child)
        if len(description) or set(description.attrib) - {f"{_RDF}about"}:
            kept.append(ElementTree.tostring(description, encoding="unicode"))
    return "".join(kept)
