import colour
import numpy as np
import pytest

from twostage_hdr.data.procedural.light import black_body, lens_glow


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kelvin", [1500, 2300, 3000, 4000, 5500, 6500, 9000, 12000])
def test_black_bodies_have_plancks_colours(kelvin: float) -> None:
    radiator = colour.sd_blackbody(kelvin, colour.SpectralShape(360, 780, 5))
    linear = np.maximum(colour.XYZ_to_sRGB(colour.sd_to_XYZ(radiator) / 100, apply_cctf_encoding=False), 0)
    np.testing.assert_allclose(black_body(kelvin).ravel(), linear / linear.max(), atol=0.08)


def test_the_glow_moves_light_and_makes_none() -> None:
    picture = np.zeros((3, 128, 128), dtype=np.float32)
    picture[:, 62:66, 62:66] = 1000.0
    glowing = lens_glow(picture, share=0.02)
    assert glowing.sum() == pytest.approx(picture.sum(), rel=0.02)
    assert glowing[:, 64, 64].max() == pytest.approx(980, rel=0.02)
    around = glowing[0, 64, 70:120:10]
    assert bool((np.diff(around) < 0).all())
    assert around[0] > 0


def test_an_even_picture_does_not_glow() -> None:
    picture = np.full((3, 40, 56), 0.7, dtype=np.float32)
    np.testing.assert_allclose(lens_glow(picture, share=0.3), picture, rtol=1e-5)


def test_the_smallest_pictures_keep_their_size() -> None:
    assert lens_glow(np.ones((3, 16, 17), dtype=np.float32), share=0.1).shape == (3, 16, 17)
