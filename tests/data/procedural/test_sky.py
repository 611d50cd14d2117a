import numpy as np
import pytest

from twostage_hdr.data.procedural.pinhole import View
from twostage_hdr.data.procedural.sky import draw_sun, render_sky


def suns(count: int = 60) -> list:
    return [draw_sun(np.random.default_rng(seed)) for seed in range(count)]


def test_directions_have_length_1_and_lead_up() -> None:
    for sun in suns():
        assert np.linalg.norm(sun.direction) == pytest.approx(1)
        assert sun.direction[1] > 0


def test_the_lower_sun_is_redder_and_dimmer() -> None:
    drawn = sorted(suns(), key=lambda sun: sun.y)
    low, high = drawn[:15], drawn[-15:]
    blue = [[float(sun.colour[2, 0, 0] / sun.colour[0, 0, 0]) for sun in group] for group in (low, high)]
    assert np.mean(blue[0]) < 0.6 * np.mean(blue[1])
    assert np.mean([sun.radiance for sun in low]) < np.mean([sun.radiance for sun in high])


def test_the_brightest_pixel_is_the_sun() -> None:
    view = View.level(120, 160, horizon=0.8, focal=1.0)
    found = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        sun = draw_sun(rng)
        sky = render_sky(view, sun, rng).max(axis=0)
        inside = sun.ahead and abs(sun.x) < float(view.x.max()) and sun.y < float(view.y.max())
        if not inside or sky.max() < 500:  # behind a cloud
            continue
        row, column = np.unravel_index(int(sky.argmax()), sky.shape)
        assert abs(float(view.x[0, column]) - sun.x) * view.focal < 3
        assert abs(float(view.y[row, 0]) - sun.y) * view.focal < 3
        found += 1
    assert found >= 5


def test_a_clear_zenith_is_blue() -> None:
    bluer = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        sky = np.median(render_sky(View.level(60, 60, horizon=1.5, focal=0.5), draw_sun(rng), rng)[:, :20], axis=(1, 2))
        bluer += bool(sky[2] > sky[0])
    assert bluer >= 6
