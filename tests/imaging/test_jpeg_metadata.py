"""What fits into a JPEG: EXIF of 64 KB, and XMP without what another file's gain map said."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from twostage_hdr.imaging.jpeg_metadata import NO_METADATA, jpeg_metadata
from twostage_hdr.imaging.picture_info import NO_INFO, PictureInfo

OF_AN_ULTRA_HDR_PHOTOGRAPH = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    b' xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"'
    b' xmlns:Container="http://ns.google.com/photos/1.0/container/" xmp:Rating="5" hdrgm:Version="1.0">'
    b"<Container:Directory><rdf:Seq><rdf:li/></rdf:Seq></Container:Directory>"
    b"<dc:title>K\xc3\xbcste</dc:title></rdf:Description></rdf:RDF></x:xmpmeta>"
)


def test_exif_is_upright_and_xmp_keeps_its_properties(info: PictureInfo) -> None:
    found = jpeg_metadata(info)
    assert found.exif is not None
    assert len(found.exif) == len(info.exif)
    (description,) = ElementTree.fromstring(f"<all>{found.descriptions}</all>")
    assert description.attrib["{http://ns.adobe.com/xap/1.0/}Rating"] == "4"
    assert found.notes == ()
    assert jpeg_metadata(NO_INFO) == NO_METADATA


def test_another_files_gain_map_is_left_out() -> None:
    found = jpeg_metadata(PictureInfo(xmp=OF_AN_ULTRA_HDR_PHOTOGRAPH)).descriptions
    assert "hdr-gain-map" not in found
    assert "container" not in found
    (description,) = ElementTree.fromstring(f"<all>{found}</all>")
    assert description.attrib["{http://ns.adobe.com/xap/1.0/}Rating"] == "5"
    assert description.findtext("{http://purl.org/dc/elements/1.1/}title") == "Küste"


def test_what_does_not_fit_is_told(info: PictureInfo) -> None:
    large = info.xmp.replace(b'xmp:Rating="4"', b'xmp:Label="' + b"x" * 70_000 + b'"')
    found = jpeg_metadata(replace(info, exif=info.exif + bytes(70_000), xmp=large))
    assert (found.exif, found.descriptions) == (None, "")
    assert [note.split(" left out")[0] for note in found.notes] == ["EXIF", "XMP"]


@pytest.mark.parametrize("xmp", [b"", b"<x", b"\xff\xfe\x00", b"<a>&b;</a>"])
def test_damaged_xmp_is_told(xmp: bytes) -> None:
    found = jpeg_metadata(PictureInfo(xmp=xmp))
    assert found.descriptions == ""
    assert found.notes == ("damaged XMP left out of the JPEG",)
