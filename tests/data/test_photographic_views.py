import numpy as np
import pytest
import torch

from twostage_hdr.data.photographic_views import ViewSettings, _perspective, draw_view

PLAIN = ViewSettings(colour=0, contrast=0, pitch=0, roll=0)


def directions(height: int = 256) -> torch.Tensor:
    """A panorama whose colours are the unit vectors of their directions, +1 each: x, y up, z ahead at the left."""
    latitude = np.pi * (0.5 - (np.arange(height) + 0.5) / height)[:, None]
    longitude = 2 * np.pi * ((np.arange(2 * height) + 0.5) / (2 * height))[None]
    x, z = np.cos(latitude) * np.sin(longitude), np.cos(latitude) * np.cos(longitude)
    y = np.broadcast_to(np.sin(latitude), x.shape)
    return torch.from_numpy(np.stack((x, y, z)).astype(np.float32)) + 1


def test_a_perspective_view_is_a_pinhole_cameras() -> None:
    """Its rays go through a plane at the focal length; angles to the middle ray show it, however it is turned."""
    settings = ViewSettings(side=101, fov_low=90, fov_high=90, pitch=0, roll=0)
    view = _perspective(directions(), np.random.default_rng(0), settings, sky_only=False)
    rays = (view - 1) / (view - 1).norm(dim=0)
    rows, columns = view.shape[-2:]
    cosine = (rays * rays[:, rows // 2, columns // 2, None, None]).sum(0)
    across, down = np.arange(columns) + 0.5 - columns / 2, np.arange(rows) + 0.5 - rows / 2
    focal = 101 / 2  # 90 degrees over the longer side
    expected = focal / np.sqrt(across[None] ** 2 + down[:, None] ** 2 + focal**2)
    np.testing.assert_allclose(cosine.numpy(), expected, atol=0.01)


def test_the_horizon_is_level_and_in_the_middle_without_pitch_and_roll() -> None:
    view = _perspective(directions(), np.random.default_rng(1), PLAIN, sky_only=False)
    height = view[1] - 1
    assert float(height[0].min()) > 0 > float(height[-1].max())


def test_of_a_sky_only_map_nothing_below_the_horizon_is_seen() -> None:
    for seed in range(20):
        view = draw_view(directions(), np.random.default_rng(seed), PLAIN, panorama=True, sky_only=True)
        assert float(view[1].min()) > 1 - 0.02


def test_strips_are_rolled_bands_of_the_unstretched_rows() -> None:
    settings = ViewSettings(colour=0, contrast=0, strips=1.0, strip=(200, 400))
    heights = []
    for seed in range(10):
        view = draw_view(directions(), np.random.default_rng(seed), settings, panorama=True, sky_only=False)
        assert 200 <= view.shape[-1] <= 400
        heights.append(float((view[1] - 1).abs().max()))
    assert max(heights) < np.sin(0.3 * np.pi) + 0.01  # rows from 20 to 80 %


def test_a_photograph_is_cropped_and_never_enlarged() -> None:
    for seed in range(10):
        view = draw_view(torch.rand(3, 90, 120), np.random.default_rng(seed), PLAIN, panorama=False, sky_only=False)
        assert 0.5 * 90 <= view.shape[-2] <= 90
        assert 0.5 * 120 <= view.shape[-1] <= 120


@pytest.mark.parametrize("panorama", [True, False])
def test_a_view_is_a_pure_function_of_its_generator(panorama: bool) -> None:
    one, same, other = (
        draw_view(directions(64), np.random.default_rng(seed), ViewSettings(), panorama=panorama, sky_only=False)
        for seed in (3, 3, 4)
    )
    assert torch.equal(one, same)
    assert one.shape != other.shape or not torch.equal(one, other)


def test_recolouring_keeps_light_positive_and_the_median_about_where_it_was() -> None:
    settings = ViewSettings(colour=0, contrast=0.5, strips=1.0)
    scene = directions() ** 4
    plain = draw_view(
        scene, np.random.default_rng(5), ViewSettings(colour=0, contrast=0, strips=1.0), panorama=True, sky_only=False
    )
    bent = draw_view(scene, np.random.default_rng(5), settings, panorama=True, sky_only=False)
    assert float(bent.min()) >= 0
    assert float(bent.amax(0).median()) == pytest.approx(float(plain.amax(0).median()), rel=0.02)
    assert not torch.allclose(bent, plain, rtol=0.05)
