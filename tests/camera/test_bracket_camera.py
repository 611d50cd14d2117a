import numpy as np
import pytest
import torch

from tests.refusal import refusal_of
from twostage_hdr.camera.bracket_camera import BracketCamera, BracketedExposure, BracketMotion
from twostage_hdr.camera.exposure import ClippedShareExposure
from twostage_hdr.camera.response import GammaResponse


def _camera(motion: BracketMotion | None = None, stops: tuple[float, ...] = (0.0, -2.0, 2.0)) -> BracketCamera:
    return BracketCamera(exposure=ClippedShareExposure(), response=GammaResponse(), stops=stops, motion=motion)


def _scene() -> torch.Tensor:
    return torch.rand(3, 40, 60, generator=torch.Generator().manual_seed(0))


def test_at_rest_the_frames_show_one_light_within_their_rounding() -> None:
    stack = _camera().capture(_scene() * 0.2, np.random.default_rng(0))
    assert stack.shape == (3, 2, 3, 40, 60)
    bright = _scene() > 0.3
    for frame in stack[:, 1]:
        torch.testing.assert_close(frame[bright], 0.2 * _scene()[bright], rtol=0.08, atol=0)


def test_the_reference_does_not_move_and_the_others_do() -> None:
    rest, moved = (_camera(motion).capture(_scene(), np.random.default_rng(0)) for motion in (None, BracketMotion()))
    torch.testing.assert_close(moved[0], rest[0])
    assert not torch.equal(moved[1], rest[1])


def test_one_seed_gives_one_bracket() -> None:
    one, other = (_camera(BracketMotion()).capture(_scene(), np.random.default_rng(3)) for _ in range(2))
    torch.testing.assert_close(one, other)


def test_without_shake_only_the_patch_and_the_place_it_went_to_change() -> None:
    motion = BracketMotion(shift=0, turn=0, patch=0.5, travel=0.2)
    changed = (motion(_scene(), np.random.default_rng(1)) != _scene()).any(0)
    assert 0 < changed.float().mean() < 0.35


def test_no_motion_is_the_identity() -> None:
    still = BracketMotion(shift=0, turn=0, patch=0, travel=0)
    torch.testing.assert_close(still(_scene(), np.random.default_rng(0)), _scene())


def test_settings_without_sense_are_refused() -> None:
    with refusal_of("camera.stops", "[-2.0, 0.0]"):
        _camera(stops=(-2.0, 0.0))
    with refusal_of("camera.motion", "shift=-1"):
        BracketMotion(shift=-1)


SCENE = torch.rand(3, 20, 30, generator=torch.Generator().manual_seed(1)) ** 4


def test_every_frame_is_whole_stops_from_the_medium_one_and_all_come_up() -> None:
    bracket, medium = BracketedExposure(stops=(-2, 0, 2)), ClippedShareExposure()
    stops = []
    for seed in range(60):
        ratio = bracket.scale(SCENE, np.random.default_rng(seed)) / medium.scale(SCENE, np.random.default_rng(seed))
        stops.append(round(float(np.log2(ratio)), 6))
    counts = {stop: stops.count(stop) for stop in set(stops)}
    assert set(counts) == {-2.0, 0.0, 2.0}
    assert min(counts.values()) > 8  # of 20 expected; fewer than 9 has a probability below 0.1 %


def test_a_bracket_of_one_medium_frame_is_the_medium_exposure() -> None:
    alone = BracketedExposure(low=0.05, high=0.1, stops=(0,))
    medium = ClippedShareExposure(low=0.05, high=0.1)
    for seed in range(3):
        assert alone.scale(SCENE, np.random.default_rng(seed)) == medium.scale(SCENE, np.random.default_rng(seed))


@pytest.mark.parametrize("stops", [(), (0.0, float("nan")), (float("inf"),)])
def test_stops_that_are_no_numbers_are_refused(stops: tuple[float, ...]) -> None:
    with refusal_of("camera.exposure", f"stops={list(stops)}"):
        BracketedExposure(stops=stops)


def test_positive_stops_give_more_light() -> None:
    bracket, medium = BracketedExposure(stops=(-1, 3)), ClippedShareExposure()
    ratios = {
        round(bracket.scale(SCENE, np.random.default_rng(seed)) / medium.scale(SCENE, np.random.default_rng(seed)), 6)
        for seed in range(30)
    }
    assert ratios == {0.5, 8.0}
