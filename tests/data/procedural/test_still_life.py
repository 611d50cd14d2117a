import numpy as np

from twostage_hdr.data.procedural.pinhole import View
from twostage_hdr.data.procedural.solids import Light, Sphere
from twostage_hdr.data.procedural.still_life import render_backdrop, render_still_life
from twostage_hdr.data.procedural.studio import BACKDROP, TABLE, Sight, draw_studio, light_table
from twostage_hdr.data.procedural.surface import Texture


def bare_table(side: int = 40) -> tuple[Sight, np.ndarray]:
    """A white, matt table seen from straight above, one metre wide."""
    x, z = np.meshgrid(*(np.linspace(-0.5, 0.5, side, dtype=np.float32),) * 2)
    flat = np.zeros_like(x)
    up, down = np.stack([flat, flat + 1, flat]), np.stack([flat, flat - 1, flat])
    white = np.ones((3, side, side), dtype=np.float32)
    return Sight(np.stack([x, flat, z]), up, white, flat, np.full_like(x, TABLE)), down


def test_an_empty_table_is_lit_by_the_inverse_square_cosine_law() -> None:
    studio = draw_studio(np.random.default_rng(0))
    sight, down = bare_table()
    lit = light_table(sight, down, [], studio)[0]
    distance = Light.at(studio.key, studio.radius, sight.place).distance
    cosine = studio.key[1] / distance
    wrap = 0.5 * studio.radius
    expected = float(studio.tint[0, 0, 0]) * 1.6 * (cosine + wrap) / (1 + wrap) / distance**2
    # What is left is the room's even light: the same everywhere on a bare table.
    rest = lit - expected
    assert np.ptp(rest) < 0.02 * lit.mean()


def test_a_ball_darkens_the_table_on_the_side_away_from_the_light() -> None:
    studio = draw_studio(np.random.default_rng(0))
    sight, down = bare_table()
    ball = Sphere((0.0, 0.1, studio.key[2] * 0.1), 0.1)
    ratio = light_table(sight, down, [ball], studio)[0] / light_table(sight, down, [], studio)[0]
    dark_side = np.sign(sight.place[0][ratio < 0.4].mean())
    assert dark_side == -np.sign(studio.key[0])
    assert ratio.max() <= 1 + 1e-5


def test_rows_of_a_sight_are_its_rows() -> None:
    sight, _ = bare_table(12)
    part = sight.rows(slice(3, 7))
    assert part.place.shape == (3, 4, 12)
    np.testing.assert_array_equal(part.place, sight.place[:, 3:7])
    assert (part.own != BACKDROP).all()


def test_most_backdrops_have_lights_far_brighter_than_the_wall() -> None:
    view = View.level(60, 80, horizon=0.5, focal=1.2)
    bright = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        wall = render_backdrop(view, draw_studio(rng), Texture.fractal(rng), rng).max(axis=0)
        bright += bool(wall.max() > 20 * np.median(wall))
    assert 5 <= bright <= 11


def test_metal_and_lacquer_glint() -> None:
    glints = [render_still_life(120, 160, np.random.default_rng(seed)).max() for seed in range(6)]
    assert np.median(glints) > 50
