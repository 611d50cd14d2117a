import numpy as np
import pytest
import torch

from twostage_hdr.camera.exposure import ClippedShareExposure
from twostage_hdr.camera.jpeg import Jpeg
from twostage_hdr.camera.noise import SensorNoise
from twostage_hdr.camera.response import GammaResponse, SigmoidResponse
from twostage_hdr.camera.virtual_camera import VirtualCamera


def random_camera() -> VirtualCamera:
    return VirtualCamera(
        exposure=ClippedShareExposure(), response=SigmoidResponse(), noise=SensorNoise(), jpeg=Jpeg(probability=1.0)
    )


def perfect_camera() -> VirtualCamera:
    return VirtualCamera(exposure=ClippedShareExposure(), response=GammaResponse(), noise=None, jpeg=None)


def scene(height: int = 48, width: int = 40) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(7).lognormal(-1, 1.5, (3, height, width)).astype(np.float32))


def test_a_perfect_camera_clips_encodes_and_rounds() -> None:
    linear = scene()
    expected = np.rint(255 * linear.numpy().astype(np.float64).clip(0, 1) ** (1 / 2.24)) / 255
    # Half-way cases may fall to either side in float32.
    np.testing.assert_allclose(perfect_camera().capture(linear, np.random.default_rng(0)), expected, atol=1.01 / 255)
    assert np.mean(np.abs(perfect_camera().capture(linear, np.random.default_rng(0)).numpy() - expected) < 1e-6) > 0.999


@pytest.mark.parametrize("camera", [random_camera(), perfect_camera()])
def test_frames_hold_exactly_bytes_over_255(camera: VirtualCamera) -> None:
    frame = camera.capture(scene(), np.random.default_rng(3))
    assert torch.equal(frame, (frame * 255).round().to(torch.uint8).float() / 255)


def test_the_same_seed_takes_the_same_photograph_and_another_does_not() -> None:
    first, same, other = (random_camera().capture(scene(), np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_torchs_own_generator_plays_no_part() -> None:
    torch.manual_seed(1)
    first = random_camera().capture(scene(), np.random.default_rng(5))
    torch.manual_seed(2)
    assert torch.equal(first, random_camera().capture(scene(), np.random.default_rng(5)))


def test_exposing_before_capturing_clips_the_asked_share_of_the_frame() -> None:
    camera = VirtualCamera(
        exposure=ClippedShareExposure(low=0.1, high=0.1), response=GammaResponse(), noise=None, jpeg=None
    )
    linear, rng = scene(100, 100), np.random.default_rng(0)
    frame = camera.capture(linear * camera.expose(linear, rng), rng)
    # Rounding lets linear values above (254.5 / 255)^2.24 = 0.9956 read as white too.
    assert 0.1 <= float((frame.amax(0) == 1).float().mean()) < 0.105


def test_the_scene_itself_is_not_changed() -> None:
    linear = scene()
    before = linear.clone()
    random_camera().capture(linear, np.random.default_rng(0))
    assert torch.equal(linear, before)


def test_light_far_above_white_stays_white_whatever_the_noise() -> None:
    camera = VirtualCamera(
        exposure=ClippedShareExposure(), response=GammaResponse(), noise=SensorNoise(read_low=0.3, read_high=0.3)
    )
    # Six deviations above white; noise on a clipped signal would leave half of the pixels below it.
    frame = camera.capture(torch.full((3, 40, 40), 3.0), np.random.default_rng(0))
    assert (frame == 1).all()
