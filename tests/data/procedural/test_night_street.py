import numpy as np

from twostage_hdr.data.procedural.light import black_body
from twostage_hdr.data.procedural.night_street import Lamp, lamp_glass, lamplight, render_night_street
from twostage_hdr.data.procedural.pinhole import View

LAMP = Lamp(1.0, 5.0, 10.0, black_body(2700) * np.float32(500))


def test_lamplight_falls_with_the_square_of_the_distance_and_the_cosine() -> None:
    below = np.array([[1.0, 1.0, 11.0]], dtype=np.float32)
    height = np.array([[-5.0, -15.0, -5.0]], dtype=np.float32)
    ahead = np.full((1, 3), 10.0, dtype=np.float32)
    light = lamplight(below, height, ahead, [LAMP], (0.0, 1.0))[0, 0]
    # 10 and 20 m straight below, then 10 m below and 10 m beside: half for the distance, and the cosine of 45°.
    np.testing.assert_allclose(light / light[0], [1, 1 / 4, 1 / 2 / np.sqrt(2)], rtol=0.01)


def test_lamplight_adds_up_and_leaves_backs_dark() -> None:
    x, y, z = (np.full((2, 2), value, dtype=np.float32) for value in (0.0, 0.0, 8.0))
    np.testing.assert_allclose(
        lamplight(x, y, z, [LAMP, LAMP], (0.0, 1.0)), 2 * lamplight(x, y, z, [LAMP], (0.0, 1.0)), rtol=1e-6
    )
    assert (lamplight(x, y, z, [LAMP], (0.0, -1.0)) == 0).all()


def test_the_glass_shines_where_perspective_puts_it() -> None:
    view = View.level(200, 200, horizon=0.7, focal=1.0)
    glass = lamp_glass(view, [LAMP], eye=2.0, shift=0.0)[0]
    row, column = np.unravel_index(int(glass.argmax()), glass.shape)
    assert abs(float(view.x[0, column]) - 1 / 10) < 2 / view.focal
    assert abs(float(view.y[row, 0]) - 3 / 10) < 2 / view.focal
    assert glass.max() == np.float32(500.0)


def test_the_street_is_dark_with_a_few_lights() -> None:
    for seed in range(5):
        picture = render_night_street(100, 120, np.random.default_rng(seed)).max(axis=0)
        assert picture.max() > 200 * np.median(picture)
