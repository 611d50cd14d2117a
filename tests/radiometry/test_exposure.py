"""Exposure: counted pixels, exact stops, and refusals."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.exposure import clipped_mask, expose, scale_for_clipped_share


@pytest.mark.parametrize("share", [0.0, 0.001, 0.05, 0.1, 0.333, 0.999, 1.0])
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (37, 53)])
def test_exactly_the_asked_share_of_pixels_reaches_one(share: float, size: tuple[int, int]) -> None:
    linear = 30 * torch.rand(3, *size) + 1e-3
    scaled = linear * scale_for_clipped_share(linear, share)
    clipped = int((scaled.numpy().max(axis=0) >= 1).sum())
    assert clipped == round(share * size[0] * size[1])


def test_rounding_never_lets_a_pixel_slip_across_one() -> None:
    for seed in range(300):
        linear = torch.from_numpy(np.random.default_rng(seed).lognormal(0, 4, (3, 3, 3)).astype(np.float32))
        for count in (0, 1, 4):
            scaled = linear * scale_for_clipped_share(linear, count / 9)
            assert int((scaled.amax(0) >= 1).sum()) == count


def test_without_clipping_the_brightest_pixel_uses_the_whole_range() -> None:
    linear = 30 * torch.rand(3, 9, 9)
    assert (linear * scale_for_clipped_share(linear, 0.0)).max().item() == pytest.approx(1, abs=1e-6)


def test_each_image_of_a_batch_gets_its_own_factor() -> None:
    linear = torch.rand(2, 3, 8, 8)
    factors = scale_for_clipped_share(torch.stack([linear[0], 4 * linear[0]]), 0.1)
    assert factors.shape == (2,)
    torch.testing.assert_close(factors[0] / factors[1], torch.tensor(4.0))


@pytest.mark.slow
def test_handles_an_image_of_more_than_sixteen_million_pixels() -> None:
    linear = torch.linspace(0, 1, 4100 * 4100).reshape(1, 4100, 4100).expand(3, -1, -1)
    assert scale_for_clipped_share(linear, 0.5).item() == pytest.approx(2, rel=1e-5)


@pytest.mark.parametrize("share", [-0.1, 5.0, float("nan")])
def test_a_share_that_is_none_is_refused_with_the_value(share: float) -> None:
    with pytest.raises(InputError, match=f"share of clipped pixels = {share}"):
        scale_for_clipped_share(torch.rand(3, 4, 4), share)


@pytest.mark.parametrize("brightness", [0.0, 1e-42])
def test_an_image_too_black_to_clip_is_refused(brightness: float) -> None:
    linear = torch.zeros(3, 10, 10)
    linear[:, 0] = 1
    linear[:, 1:] = brightness
    assert scale_for_clipped_share(linear, 0.1).item() == 1
    with pytest.raises(InputError, match="fewer than 20 pixels of 100"):
        scale_for_clipped_share(linear, 0.2)


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
