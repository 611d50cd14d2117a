import numpy as np
import pytest
import torch

from twostage_hdr.camera.noise import SensorNoise
from twostage_hdr.errors import InputError


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
    with pytest.raises(InputError, match=r"camera\.noise"):
        SensorNoise(shot_low=-1.0)
    with pytest.raises(InputError, match=r"camera\.noise"):
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
