import numpy as np
import pytest
import torch
from skimage.data import astronaut, chelsea, coffee, rocket

from twostage_hdr.data.thumbnails import NEAR_DUPLICATE, alike_pairs, exposed_preview, panned_correlation, thumbnail

PICTURES = {"astronaut": astronaut(), "cat": chelsea(), "coffee": coffee(), "rocket": rocket()}


def test_thumbnails_have_zero_mean_and_unit_variance_whatever_the_depth() -> None:
    for pixels in (PICTURES["cat"], PICTURES["cat"].astype(np.uint16) * 257):
        small = thumbnail(pixels)
        assert small.shape == (27, 48)
        assert small.mean() == pytest.approx(0, abs=1e-5)
        assert small.std() == pytest.approx(1, abs=1e-5)


def test_flat_pictures_are_alike_to_nothing() -> None:
    flat = thumbnail(np.full((30, 40, 3), 77, np.uint8))
    assert not flat.any()
    assert panned_correlation(flat, flat) == 0
    assert alike_pairs({"a": flat}, {"b": flat}) == []


def test_the_same_picture_darker_noisier_and_smaller_is_a_near_duplicate_and_others_are_not() -> None:
    rng = np.random.default_rng(0)
    first = {name: thumbnail(pixels) for name, pixels in PICTURES.items()}
    second = {}
    for name, pixels in PICTURES.items():
        changed = pixels[::2, ::2] * 0.6 + rng.normal(0, 6, pixels[::2, ::2].shape)
        second[name] = thumbnail(changed.clip(0, 255).astype(np.uint8))
    pairs = alike_pairs(first, second)
    assert {(one, other) for one, other, _ in pairs} == {(name, name) for name in PICTURES}
    alike = [value for _, _, value in pairs]
    assert alike == sorted(alike, reverse=True)
    assert min(alike) > NEAR_DUPLICATE


def test_correlations_are_those_of_numpy() -> None:
    one, other = (thumbnail(PICTURES[name]) for name in ("astronaut", "rocket"))
    found = alike_pairs({"a": one}, {"b": other}, threshold=-1)[0][2]
    assert found == pytest.approx(np.corrcoef(one.ravel(), other.ravel())[0, 1], abs=1e-5)


@pytest.mark.parametrize("pan", [8, 20, 40])
def test_a_pan_keeps_a_shot_together_where_the_plain_correlation_falls(pan: int) -> None:
    picture = PICTURES["coffee"]
    one, other = thumbnail(picture[:, : -40 - 1]), thumbnail(picture[:, pan : pan - 40 - 1])
    assert panned_correlation(one, other) > 0.93
    assert panned_correlation(one, other) > np.mean(one * other)
    assert panned_correlation(thumbnail(PICTURES["cat"]), other) < 0.8


def test_one_pixel_in_twenty_clips_and_the_rest_follows_gamma() -> None:
    linear = torch.arange(1.0, 4001).reshape(1, 40, 100).expand(3, 40, 100)
    picture = exposed_preview(linear)
    assert picture.shape == (40, 100, 3)
    assert np.mean(picture == 255) == np.clip(np.mean(picture == 255), 0.045, 0.06)
    expected = 255 * (linear[0].numpy() / np.percentile(linear, 95)).clip(0, 1) ** (1 / 2.24)
    assert np.abs(picture[..., 0] - expected).max() <= 0.6


def test_wide_images_become_small_and_black_ones_stay_black() -> None:
    assert exposed_preview(torch.rand(3, 100, 960)).shape == (50, 480, 3)
    assert not exposed_preview(torch.zeros(3, 5, 5)).any()
