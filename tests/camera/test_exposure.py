import pickle

import numpy as np
import pytest
import torch

from tests.refusal import refusal_of
from twostage_hdr.camera.exposure import _KNOWN, ClippedShareExposure


def clipped_share(linear: torch.Tensor) -> float:
    return float(np.mean(linear.numpy().max(axis=0) >= 1))


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2, 0.9])
def test_the_asked_share_of_pixels_clips(share: float) -> None:
    scene = torch.from_numpy(np.random.default_rng(1).lognormal(0, 2, (3, 100, 120)).astype(np.float32))
    scale = ClippedShareExposure(low=share, high=share).scale(scene, np.random.default_rng(0))
    assert clipped_share(scene * scale) == pytest.approx(share, abs=1 / 12000)


def test_the_share_varies_between_its_limits() -> None:
    scene = torch.from_numpy(np.random.default_rng(1).lognormal(0, 2, (3, 64, 64)).astype(np.float32))
    rng = np.random.default_rng(0)
    exposure = ClippedShareExposure(low=0.02, high=0.3)
    shares = [clipped_share(scene * exposure.scale(scene, rng)) for _ in range(50)]
    assert 0.019 < min(shares) < 0.06
    assert 0.25 < max(shares) < 0.301


def test_a_brighter_scene_gets_the_shorter_exposure() -> None:
    scene = torch.rand(3, 32, 32) + 0.1
    exposure = ClippedShareExposure(low=0.1, high=0.1)
    dim, bright = (exposure.scale(s, np.random.default_rng(0)) for s in (scene, 1024 * scene))
    assert dim == pytest.approx(1024 * bright)


def test_a_black_scene_is_left_alone() -> None:
    assert ClippedShareExposure().scale(torch.zeros(3, 8, 8), np.random.default_rng(0)) == 1.0


@pytest.mark.parametrize("level", [1e-15, 0.3, 1e6])
def test_a_flat_scene_lands_on_the_clipping_point(level: float) -> None:
    scene = torch.full((3, 9, 7), level)
    scale = ClippedShareExposure().scale(scene, np.random.default_rng(0))
    torch.testing.assert_close(scene * scale, torch.ones(3, 9, 7))


def test_one_lamp_in_the_dark_clips_and_the_dark_does_not_blow_up() -> None:
    scene = torch.zeros(3, 50, 50)
    scene[:, 20, 20] = 40.0
    scale = ClippedShareExposure(low=0.1, high=0.2).scale(scene, np.random.default_rng(0))
    assert scale == pytest.approx(1 / 40, rel=1e-5)


def test_at_least_one_pixel_clips_even_at_share_zero() -> None:
    scene = torch.rand(3, 16, 16)
    scale = ClippedShareExposure(low=0.0, high=0.0).scale(scene, np.random.default_rng(0))
    assert clipped_share(scene * scale) == 1 / 256


@pytest.mark.parametrize(("low", "high"), [(-0.1, 0.2), (0.3, 0.2), (0.1, 1.2), (float("nan"), 0.2)])
def test_impossible_shares_are_refused(low: float, high: float) -> None:
    with refusal_of("camera.exposure", f"low={low}", f"high={high}"):
        ClippedShareExposure(low=low, high=high)


def test_exposing_an_image_again_gives_what_a_copy_that_was_never_seen_gets() -> None:
    scene = torch.from_numpy(np.random.default_rng(2).lognormal(0, 2, (3, 60, 50)).astype(np.float32))
    exposure, rng, again = ClippedShareExposure(), np.random.default_rng(3), np.random.default_rng(3)
    for _ in range(5):
        assert exposure.scale(scene, rng) == ClippedShareExposure().scale(scene.clone(), again)


def test_what_is_known_of_an_image_goes_with_it_and_to_no_other_process() -> None:
    exposure, image = ClippedShareExposure(), torch.rand(3, 8, 8)
    before = len(_KNOWN)
    exposure.scale(image, np.random.default_rng(0))
    assert len(_KNOWN) == before + 1
    assert len(pickle.dumps(exposure)) < 1000
    del image
    assert len(_KNOWN) == before
