import numpy as np
import pytest

from twostage_hdr.data.procedural.solids import Box, Light, Rays, Solid, Sphere


def points(*rows: tuple[float, float, float]) -> np.ndarray:
    return np.array(rows, dtype=np.float32).T[:, None]


def rays(*directions: tuple[float, float, float]) -> Rays:
    return Rays(np.zeros(3, dtype=np.float32), points(*directions))


def test_a_ray_meets_a_sphere_where_geometry_says() -> None:
    distance, normal = Sphere((0, 0, 5), 2).meet(rays((0, 0, 1), (0, 0, 2), (0, 1, 1), (0, 0, -1)))
    np.testing.assert_allclose(distance[0], [3, 1.5, np.inf, np.inf])
    np.testing.assert_allclose(normal[:, 0, 0], [0, 0, -1], atol=1e-6)


def test_a_ray_meets_an_upright_box_at_its_nearest_face() -> None:
    distance, normal = Box((0, 0, 4), (1, 1, 1)).meet(rays((0, 0, 1), (0.2, -0.2, 1), (1, 0, 1), (0, 0, -1)))
    np.testing.assert_allclose(distance[0], [3, 3, np.inf, np.inf])
    np.testing.assert_allclose(normal[:, 0, 0], [0, 0, -1], atol=1e-6)


def test_a_box_turned_by_a_quarter_has_its_sides_exchanged() -> None:
    aim = [(float(x), float(y), 1.0) for x in np.linspace(-0.6, 0.6, 31) for y in (-0.1, 0.05)]
    turned, _ = Box((0.3, 0, 4), (0.5, 1, 1.5), np.pi / 2).meet(rays(*aim))
    swapped, _ = Box((0.3, 0, 4), (1.5, 1, 0.5)).meet(rays(*aim))
    np.testing.assert_allclose(turned, swapped, rtol=1e-5)


@pytest.mark.parametrize("solid", [Sphere((0.2, -0.1, 4), 1.3), Box((0.2, -0.1, 4), (1, 0.7, 0.9), 0.6)])
def test_what_is_met_lies_on_the_surface_and_faces_the_viewer(solid: Solid) -> None:
    rng = np.random.default_rng(0)
    directions = np.concatenate([rng.uniform(-0.5, 0.5, (2, 40, 40)), np.ones((1, 40, 40))]).astype(np.float32)
    seen = Rays(np.zeros(3, dtype=np.float32), directions)
    distance, normal = solid.meet(seen)
    hit = np.isfinite(distance)
    assert 0.1 < hit.mean() < 0.9
    place = seen.at(np.where(hit, distance, 0))
    if isinstance(solid, Sphere):
        offset = np.linalg.norm(place - np.reshape(solid.centre, (3, 1, 1)), axis=0) - solid.radius
    else:
        offset = (np.abs(solid.local(place)) - np.reshape(solid.half, (3, 1, 1))).max(axis=0)
    assert np.abs(offset[hit]).max() < 1e-4
    np.testing.assert_allclose(np.linalg.norm(normal, axis=0)[hit], 1, atol=1e-3)
    assert (np.einsum("chw,chw->hw", directions, normal)[hit] < 1e-3).all()


@pytest.mark.parametrize("solid", [Sphere((0, 2, 0), 1), Box((0, 2, 0), (0.8, 1, 0.8), 0.3)])
def test_the_shadow_is_dark_below_the_solid_and_ends_beside_it(solid: Solid) -> None:
    below = points((0, 0, 0), (4, 0, 0), (-3, 0, 3))
    share = solid.shade(below, Light.at((0, 10, 0), 0.2, below))
    np.testing.assert_allclose(share[0], [0, 1, 1], atol=1e-6)


def test_the_shadow_of_a_sphere_is_half_dark_at_its_outline() -> None:
    # From (x, 0, 0) the tangent to a unit circle at height 2 leads to a light at height 10: sin a = 1 / 8.
    edge = 10 * np.tan(np.arcsin(1 / 8))
    at_edge = points((edge, 0, 0))
    share = Sphere((0, 2, 0), 1).shade(at_edge, Light.at((0, 10, 0), 0.2, at_edge)).item()
    assert share == pytest.approx(0.5, abs=0.01)


def test_a_larger_light_throws_a_softer_shadow() -> None:
    line = points(*((float(x), 0.0, 0.0) for x in np.linspace(0, 4, 400)))
    widths = []
    for radius in (0.05, 0.5):
        share = Sphere((0, 2, 0), 1).shade(line, Light.at((0, 10, 0), radius, line))
        widths.append(int(((share > 0.02) & (share < 0.98)).sum()))
    assert widths[1] > 3 * widths[0]


@pytest.mark.parametrize("solid", [Sphere((0, 2, 0), 1), Box((0, 2, 0), (1, 1, 1))])
def test_nothing_beyond_the_light_shades_it(solid: Solid) -> None:
    ceiling = points((0, 9, 0))
    assert solid.shade(ceiling, Light.at((0, 7, 0), 0.1, ceiling)).item() == 1


def test_a_sphere_hides_the_solid_angle_that_it_fills() -> None:
    # Cosine-weighted share of the sky taken by a sphere straight above: (r / d)^2.
    ground, up = points((0, 0, 0)), points((0, 1, 0))
    assert Sphere((0, 4, 0), 1).openness(ground, up).item() == pytest.approx(1 - 1 / 16, abs=1e-6)
    assert Sphere((0, -4, 0), 1).openness(ground, up).item() == 1


def test_tops_are_the_highest_points() -> None:
    assert Sphere((0, 1, 0), 0.25).top == 1.25
    assert Box((3, 1, 0), (9, 0.5, 9), 1.0).top == 1.5
