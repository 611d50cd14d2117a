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
