import numpy as np
import pytest
import torch

from twostage_hdr.camera.wide_noise import WideNoise
from twostage_hdr.errors import InputError


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
    with pytest.raises(InputError, match=r"^camera\.noise: "):
        WideNoise(shot_low=0)
