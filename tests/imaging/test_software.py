from twostage_hdr import __version__
from twostage_hdr.imaging.software import software_tag


def test_files_carry_name_and_version() -> None:
    assert software_tag() in (f"twostage-hdr {__version__}", "twostage-hdr")
