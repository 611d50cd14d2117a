from dataclasses import replace

import numpy as np
import pytest

from twostage_hdr.data.procedural.interior import draw_room, light_room, meet_walls, render_interior, window_parts
from twostage_hdr.data.procedural.pinhole import View


def test_every_ray_ends_on_the_wall_that_it_names() -> None:
    room = draw_room(np.random.default_rng(0))
    view = View.level(60, 80, horizon=0.5, focal=0.4)
    place, normal, face = meet_walls(view, 0.2, room)
    directions = np.stack([view.x, view.y, np.ones_like(view.x)])
    planes = {0: (1, 0.0), 1: (1, room.tall), 2: (0, -room.half), 3: (0, room.half), 4: (2, room.deep)}
    assert set(np.unique(face)) == set(planes)
    for index, (axis, offset) in planes.items():
        np.testing.assert_allclose(place[axis][face == index], offset, atol=1e-5)
    assert (np.abs(place[0]) <= room.half + 1e-4).all()
    assert ((place[1] >= -1e-4) & (place[1] <= room.tall + 1e-4)).all()
    assert (np.einsum("chw,chw->hw", directions, normal) <= 0).all()
    np.testing.assert_allclose(np.linalg.norm(normal, axis=0), 1)


@pytest.mark.parametrize("seed", range(6))
def test_glass_and_frame_cover_their_areas(seed: int) -> None:
    room = draw_room(np.random.default_rng(seed))
    x, y = np.meshgrid(
        np.linspace(-room.half, room.half, 1500, dtype=np.float32), np.linspace(0, room.tall, 1500, dtype=np.float32)
    )
    glass, frame = window_parts(x, y, room, 1000.0)
    wall = 2 * room.half * room.tall
    _, _, wide, high = room.window
    across, up = room.panes
    bars = 0.044
    # Bars of 44 mm between the panes, and half of one inside the frame.
    expected = (2 * wide - across * bars) * (2 * high - up * bars)
    assert float(glass.mean()) * wall == pytest.approx(expected, rel=0.03)
    assert float(frame.mean()) * wall == pytest.approx((2 * wide + 0.14) * (2 * high + 0.14), rel=0.03)


def test_the_window_outshines_the_walls() -> None:
    for seed in range(5):
        picture = render_interior(80, 100, np.random.default_rng(seed)).max(axis=0)
        assert np.quantile(picture, 0.995) > 10 * np.median(picture)


def test_the_sun_falls_through_the_window_onto_the_floor() -> None:
    dark = np.zeros((3, 1, 1), dtype=np.float32)
    room = replace(draw_room(np.random.default_rng(0)), panes=(1, 1), daylight=dark, lamplight=dark, sun=dark + 1)
    x, y, wide, _ = room.window
    right, up, ahead = room.to_sun
    # Straight on from the sun through the middle of the window, and beside the window's shadow.
    at = np.array([x - y * right / up, x - y * right / up + 1.1 * wide], dtype=np.float32)
    place = np.stack([at, np.zeros(2), np.full(2, room.deep - y * ahead / up)])[..., None].astype(np.float32)
    normal = np.broadcast_to(np.array([0, 1, 0], dtype=np.float32)[:, None, None], place.shape)
    middle, beside = light_room(place, normal, room)[0, :, 0]
    assert middle - beside == pytest.approx(up, rel=0.01)
    assert beside < 0.01
