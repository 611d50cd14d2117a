"""What stays of a photograph's own words when they are not to be told."""

from twostage_hdr.imaging.picture_info import NO_INFO, PictureInfo


def test_without_metadata_the_primaries_stay(info: PictureInfo) -> None:
    assert info.without_metadata() == PictureInfo(primaries=info.primaries)
    assert NO_INFO.without_metadata() == NO_INFO
