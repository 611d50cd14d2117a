import numpy as np

from twostage_hdr.data.procedural.landscape import lay_water, render_landscape
from twostage_hdr.data.procedural.pinhole import View
from twostage_hdr.data.procedural.terrain import Terrain


def test_the_sky_is_brighter_than_the_land_on_most_days() -> None:
    brighter = 0
    for seed in range(8):
        picture = render_landscape(96, 128, np.random.default_rng(seed)).mean(axis=0)
        brighter += bool(np.median(picture[:20]) > np.median(picture[-25:]))
    assert brighter >= 6


def test_some_pictures_hold_the_sun_and_some_do_not() -> None:
    suns = [float(render_landscape(96, 128, np.random.default_rng(seed)).max()) for seed in range(12)]
    assert sum(peak > 2000 for peak in suns) >= 3
    assert sum(peak < 100 for peak in suns) >= 3


def fresnel(cosine: np.ndarray, index: float = 1.333) -> np.ndarray:
    """Share of unpolarised light that calm water mirrors."""
    inside = np.sqrt(1 - (1 - cosine**2) / index**2)
    across = (cosine - index * inside) / (cosine + index * inside)
    along = (index * cosine - inside) / (index * cosine + inside)
    return (across**2 + along**2) / 2


def test_a_lake_mirrors_the_sky_as_fresnel_says() -> None:
    view = View.level(120, 100, horizon=0.5, focal=1.0)
    terrain = Terrain(np.random.default_rng(0), relief=10, sharpness=0, near=0, sun=(0, 1, 0))
    hits = terrain.trace(view, eye=103.0, water=100.0)
    picture = np.full((3, 120, 100), 0.2, dtype=np.float32)
    picture[:, :60] = 40.0
    lake = lay_water(picture, hits, view, level=100.0, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(lake[:, :60], picture[:, :60])
    rows = slice(75, 119)
    cosine = (np.abs(view.y) / np.sqrt(view.y**2 + 1))[rows, 0]
    # Schlick's curve for one reflectance stands in for the formula; waves and depth add a little.
    np.testing.assert_allclose(lake[0, rows, 40:60].mean(axis=1) / 40, fresnel(cosine), rtol=0.4, atol=0.01)


def test_dry_land_stays() -> None:
    view = View.level(60, 50, horizon=0.5, focal=1.0)
    terrain = Terrain(np.random.default_rng(0), relief=10, sharpness=0, near=0, sun=(0, 1, 0))
    hits = terrain.trace(view, eye=30.0, water=-1e3)
    picture = np.random.default_rng(0).random((3, 60, 50)).astype(np.float32)
    assert np.array_equal(lay_water(picture, hits, view, level=-1e3, rng=np.random.default_rng(1)), picture)
