"""Exposure: exact stops and clipping."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from twostage_hdr.radiometry.exposure import clipped_mask, expose, scale_to_clip


def test_rounding_never_lets_a_level_slip_below_one() -> None:
    levels = torch.from_numpy(np.random.default_rng(0).lognormal(0, 4, 10_000).astype(np.float32))
    clipped = levels * scale_to_clip(levels)
    assert bool((clipped >= 1).all())
    torch.testing.assert_close(clipped, torch.ones_like(levels))


def test_stops_are_powers_of_two() -> None:
    linear = torch.rand(3, 2, 2)
    torch.testing.assert_close(expose(linear, 3.0), 8 * linear, rtol=0, atol=0)
    torch.testing.assert_close(expose(linear, -0.5), linear / 2**0.5)


def test_one_channel_at_the_threshold_makes_a_pixel_clipped() -> None:
    ldr = torch.tensor([[0, 247, 248, 255], [0, 0, 0, 255], [0, 0, 0, 255]], dtype=torch.uint8)[:, None] / 255
    assert clipped_mask(ldr).flatten().tolist() == [False, False, True, True]
    assert clipped_mask(ldr, threshold=254 / 255).flatten().tolist() == [False, False, False, True]


@pytest.mark.parametrize("code", [230, 248, 250, 254])
@pytest.mark.parametrize("scaled", [lambda codes: codes / 255, lambda codes: codes * (1 / 255)])
def test_a_threshold_at_a_code_value_takes_that_code_and_not_the_one_below(code: int, scaled: Callable) -> None:
    codes = scaled(torch.tensor([code - 1, code, 255]).float().expand(3, 1, 3))
    assert clipped_mask(codes, code / 255).flatten().tolist() == [False, True, True]


def test_one_clipped_channel_is_enough() -> None:
    assert clipped_mask(torch.tensor([0.2, 1.0, 0.1])[:, None, None], 0.99).all()
