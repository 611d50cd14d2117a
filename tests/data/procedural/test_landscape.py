import numpy as np

from twostage_hdr.data.procedural.landscape import render_landscape


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
