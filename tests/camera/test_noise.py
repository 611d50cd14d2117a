import numpy as np
import pytest
import torch

from tests.refusal import refusal_of
from twostage_hdr.camera.noise import SensorNoise, WideNoise


@pytest.mark.parametrize("level", [0.0, 0.05, 1.0])
def test_the_variance_is_shot_times_signal_plus_read_squared(level: float) -> None:
    noise = SensorNoise(shot_low=1e-3, shot_high=1e-3, read_low=0.01, read_high=0.01)
    flat = torch.full((3, 200, 200), level)
    drawn = noise(flat, np.random.default_rng(0)).numpy().astype(np.float64)
    # 120,000 samples: relative deviation of the variance sqrt(2 / n) = 0.4 %, of the mean sigma / 346.
    assert drawn.var() == pytest.approx(1e-3 * level + 1e-4, rel=0.02)
    assert drawn.mean() == pytest.approx(level, abs=5 * np.sqrt(1e-3 * level + 1e-4) / 346)


def test_without_terms_nothing_changes() -> None:
    scene = torch.rand(3, 16, 16)
    assert torch.equal(SensorNoise(shot_high=0.0, read_high=0.0)(scene, np.random.default_rng(0)), scene)


def test_noise_levels_differ_between_captures() -> None:
    noise, rng = SensorNoise(shot_high=0.0, read_high=0.01), np.random.default_rng(0)
    deviations = [float(noise(torch.zeros(3, 40, 40), rng).std()) for _ in range(40)]
    assert min(deviations) < 0.002
    assert 0.008 < max(deviations) < 0.0105


def test_impossible_ranges_are_refused() -> None:
    with refusal_of("camera.noise", "shot=(-1.0,"):
        SensorNoise(shot_low=-1.0)
    with refusal_of("camera.noise", "read=(0.2, 0.1)"):
        SensorNoise(read_low=0.2, read_high=0.1)


def test_the_defaults_reach_a_hundredth_of_white_at_white_and_a_thousandth_in_the_dark() -> None:
    noise, rng = SensorNoise(), np.random.default_rng(0)
    white, dark = ([float((noise(torch.full((3, 40, 40), x), rng) - x).std()) for _ in range(60)] for x in (1.0, 0.0))
    assert 0.0085 < max(white) < 0.0105
    assert 0.0009 < max(dark) < 0.00105
    assert min(white) < 0.003
    assert min(dark) < 0.0002


def test_negative_light_has_the_noise_of_the_dark() -> None:
    noise = SensorNoise(shot_low=1e-2, shot_high=1e-2, read_low=0.01, read_high=0.01)
    drawn = noise(torch.full((3, 100, 100), -5.0), np.random.default_rng(0))
    assert torch.isfinite(drawn).all()
    assert float(drawn.std()) == pytest.approx(0.01, rel=0.03)


@pytest.mark.parametrize("level", [0.0, 0.25, 1.0])
def test_without_colour_noise_the_variance_is_shot_times_signal_and_read_noise(level: float) -> None:
    noise = WideNoise(shot_low=1e-4, shot_high=1e-4, read_low=1e-3, read_high=1e-3, chroma=0)
    frame = noise(torch.full((3, 200, 200), level), np.random.default_rng(0))
    assert float(frame.var()) == pytest.approx(1e-4 * level + 1e-6, rel=0.03)


def test_colour_noise_is_coarse_and_leaves_grey_alone() -> None:
    arguments = {"shot_low": 1e-4, "shot_high": 1e-4, "read_low": 1e-3, "read_high": 1e-3}
    grey = torch.full((3, 200, 200), 0.5)
    plain, coloured = (WideNoise(**arguments, chroma=chroma)(grey, np.random.default_rng(1)) for chroma in (0, 2))
    colour = coloured - plain
    assert float(colour.mean(0).abs().max()) < 1e-6
    neighbours = torch.corrcoef(torch.stack((colour[0, :, :-1].flatten(), colour[0, :, 1:].flatten())))[0, 1]
    assert float(neighbours) == pytest.approx(np.exp(-0.25), abs=0.05)  # of a Gaussian of one pixel


def test_levels_lie_decades_apart() -> None:
    rng, noise = np.random.default_rng(0), WideNoise(chroma=0)
    deviations = [float(noise(torch.full((3, 40, 40), 0.5), rng).std()) for _ in range(100)]
    assert max(deviations) > 8 * min(deviations)


def test_ranges_that_begin_at_0_are_refused() -> None:
    with refusal_of("camera.noise", "shot=(0,"):
        WideNoise(shot_low=0)
