import numpy as np
import pytest

from twostage_hdr.data.procedural.pinhole import View
from twostage_hdr.data.procedural.terrain import FARTHEST, NEAREST, Terrain

NOON = (0.0, 1.0, 0.0)


def terrain(relief: float = 30.0, sun: tuple[float, float, float] = NOON) -> Terrain:
    return Terrain(np.random.default_rng(2), relief=relief, sharpness=0.5, near=0.0, sun=sun)


def test_a_calm_sea_is_seen_at_the_distance_that_trigonometry_gives() -> None:
    view = View.level(90, 60, horizon=0.4, focal=1.0)
    hits = terrain().trace(view, eye=500.0, water=498.0)  # the sea covers every hill
    below = -view.y[:, 0] * FARTHEST > 2.0
    near_enough = -view.y[:, 0] * NEAREST < 2.0
    rows = below & near_enough
    assert rows.sum() > 20
    np.testing.assert_allclose(hits.z[rows], np.broadcast_to(2.0 / -view.y[rows], hits.z[rows].shape), rtol=2e-3)
    assert (hits.seen[view.y[:, 0] > 0] == 0).all()


def test_the_skyline_agrees_with_a_ray_march_of_every_pixel() -> None:
    hills, view, eye = terrain(), View.level(64, 48, horizon=0.6, focal=1.0), 20.0
    seen = hills.trace(view, eye=eye, water=-1e3).seen
    distances = np.linspace(NEAREST, FARTHEST, 3000, dtype=np.float32)
    column = 17
    x = distances * view.x[0, column] + hills.height.shape[0] / 2
    ground = hills.map(x[None], distances[None])[0, :, 0]
    horizon_slope = float(((ground - eye) / distances).max())
    expected = view.y[:, 0] < horizon_slope
    # The fine relief and the step of the march may move the edge by a pixel.
    assert abs(int(expected.sum()) - int(seen[:, column].sum())) <= 1


def test_what_is_seen_lies_on_the_line_of_sight() -> None:
    hills, view, eye = terrain(), View.level(64, 48, horizon=0.6, focal=1.0), 25.0
    hits = hills.trace(view, eye=eye, water=-1e3)
    ground = hits.seen > 0
    miss = np.abs(hits.height - (eye + view.y * hits.z)) / hits.z
    assert float(np.median(miss[ground])) < 1 / view.focal
    np.testing.assert_allclose(hits.x[ground], (hits.z * view.x)[ground], rtol=1e-5, atol=1e-4)


def test_nothing_is_in_shadow_at_noon_and_much_is_at_sunset() -> None:
    flat_sun = (0.995, 0.1, 0.0)
    noon, sunset = terrain().map.channels[..., 3], terrain(sun=flat_sun).map.channels[..., 3]
    assert noon.mean() == pytest.approx(1, abs=0.01)
    assert 0.02 < (sunset < 0.5).mean() < 0.9


def test_shadows_fall_away_from_the_sun() -> None:
    hills = terrain(sun=(0.9, 0.43, 0.0))
    sunlit = hills.map.channels[..., 3]
    _, slope_x = np.gradient(hills.height)
    # Ground that falls towards +x faces the sun.
    assert slope_x[sunlit < 0.2].mean() > slope_x[sunlit > 0.8].mean()
