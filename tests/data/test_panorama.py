import pytest

from twostage_hdr.data.panorama import is_panorama, usable_rows


@pytest.mark.parametrize(
    ("height", "width", "so"), [(512, 1024, True), (1, 2, True), (512, 1023, False), (2, 1, False)]
)
def test_only_sides_of_two_to_one_are_panoramas(height: int, width: int, so: bool) -> None:
    assert is_panorama(height, width) is so


def test_the_stretched_poles_are_left_out() -> None:
    # Rows 20-80 % lie within 54 degrees of the horizon, where the stretch 1 / cos(latitude) is below 1.71.
    assert usable_rows(1000, sky_only=False) == slice(200, 800)


def test_of_a_sky_the_synthetic_lower_half_is_left_out() -> None:
    assert usable_rows(1000, sky_only=True) == slice(200, 500)
