import numpy as np
import pytest
import torch

from tests.refusal import refusal_of
from twostage_hdr.camera.processing import BlackLevel, ColourRendering, LocalToneMapping

LIGHT = torch.rand(3, 20, 30, generator=torch.Generator().manual_seed(0))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("step", [ColourRendering(balance=0.3), BlackLevel(flare=0.1, crushed=0.1), LocalToneMapping()])
def test_light_stays_in_its_range_and_white_stays_white(step) -> None:
    for seed in range(20):
        light = step(LIGHT, rng(seed))
        assert 0 <= float(light.min()) <= float(light.max()) <= 1
        torch.testing.assert_close(step(torch.ones(3, 4, 4), rng(seed)), torch.ones(3, 4, 4))


@pytest.mark.parametrize(
    "step",
    [
        ColourRendering(balance=0, saturation_mean=1, saturation_std=0),
        BlackLevel(probability=0),
        LocalToneMapping(probability=0),
    ],
)
def test_without_strength_nothing_changes(step) -> None:
    torch.testing.assert_close(step(LIGHT, rng()), LIGHT, rtol=0, atol=1e-6)


def test_without_saturation_all_is_grey() -> None:
    grey = ColourRendering(balance=0, saturation_mean=0, saturation_std=0)(LIGHT, rng())
    torch.testing.assert_close(grey[0], grey[2])


def test_black_is_lifted_or_crushed() -> None:
    step = BlackLevel(flare=0.1, crushed=0.1, probability=1)
    dark = torch.full((3, 2, 2), 0.005)
    after = [float(step(dark, rng(seed))[0, 0, 0]) for seed in range(40)]
    assert min(after) == 0
    assert max(after) > 0.02


def test_local_tone_mapping_lifts_a_dark_half_more_than_a_bright_one() -> None:
    halves = torch.full((3, 60, 60), 0.02)
    halves[..., 30:] = 0.5
    lifted = LocalToneMapping(strength=0.5, probability=1)(halves, rng()) / halves
    assert float(lifted[0, 30, 2]) > 1.2 * float(lifted[0, 30, 57]) > 1.2


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [(ColourRendering, {"balance": -1}), (BlackLevel, {"flare": 2}), (LocalToneMapping, {"probability": 2})],
)
def test_strengths_that_make_no_sense_are_refused(kind, wrong) -> None:
    with refusal_of("camera.processing", *(f"{name}={value}" for name, value in wrong.items())):
        kind(**wrong)
