import cv2
import numpy as np
import pytest
import torch

from tests.refusal import refusal_of
from twostage_hdr.camera.jpeg import Jpeg, jpeg_round_trip, quantize_8bit


def smooth_picture() -> torch.Tensor:
    y, x = np.mgrid[0:65, 0:83] / 65
    pixels = np.stack([0.5 + 0.4 * np.sin(5 * x), 0.5 + 0.4 * np.cos(4 * y), 0.2 + 0.5 * x * y])
    return torch.from_numpy(np.rint(pixels.clip(0, 1) * 255).astype(np.float32)) / 255


def test_the_round_trip_agrees_with_another_codec() -> None:
    picture = smooth_picture()
    bgr = (picture.numpy() * 255).round().astype(np.uint8).transpose(1, 2, 0)[..., ::-1]
    coded = cv2.imencode(".jpg", np.ascontiguousarray(bgr), [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
    theirs = cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1].transpose(2, 0, 1)
    ours = (jpeg_round_trip(picture, 60) * 255).numpy()
    assert np.abs(ours - theirs).mean() < 1.0


def test_lower_quality_loses_more_and_the_best_loses_little() -> None:
    picture = smooth_picture()
    errors = [float((jpeg_round_trip(picture, q) - picture).abs().mean()) for q in (5, 30, 100)]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 2 / 255


@pytest.mark.parametrize("size", [(1, 1), (7, 3), (16, 33)])
def test_any_size_comes_back_as_bytes_over_255(size: tuple[int, int]) -> None:
    ldr = torch.randint(0, 256, (3, *size)).float() / 255
    decoded = jpeg_round_trip(ldr, 80)
    assert decoded.shape == ldr.shape
    assert torch.equal(decoded, (decoded * 255).round().to(torch.uint8).float() / 255)


def test_the_asked_share_of_captures_is_compressed() -> None:
    ldr = torch.randint(0, 256, (3, 8, 8)).float() / 255
    rng, jpeg = np.random.default_rng(0), Jpeg(probability=0.3, quality_high=60)
    changed = [not torch.equal(jpeg(ldr, rng), ldr) for _ in range(400)]
    assert np.mean(changed) == pytest.approx(0.3, abs=0.08)


def test_impossible_settings_are_refused() -> None:
    with refusal_of("camera.jpeg", "quality_low=0"):
        Jpeg(quality_low=0)
    with refusal_of("camera.jpeg", "probability=1.5"):
        Jpeg(probability=1.5)


def test_both_ends_of_the_range_of_qualities_are_drawn_and_nothing_else() -> None:
    ldr = torch.from_numpy(np.random.default_rng(1).integers(0, 256, (3, 24, 24))).float() / 255
    known = {quality: jpeg_round_trip(ldr, quality) for quality in (60, 61)}
    rng, jpeg = np.random.default_rng(0), Jpeg(quality_low=60, quality_high=61, probability=1.0)
    drawn = []
    for _ in range(20):
        result = jpeg(ldr, rng)
        drawn += [quality for quality, expected in known.items() if torch.equal(result, expected)]
    assert len(drawn) == 20
    assert set(drawn) == {60, 61}


def test_every_level_of_a_byte_survives() -> None:
    levels = torch.arange(256, dtype=torch.uint8).expand(3, 2, 256).float() / 255
    assert torch.equal(quantize_8bit(levels), levels)


def test_rounding_agrees_with_numpy_and_is_off_by_half_a_level_at_most() -> None:
    values = torch.rand(3, 50, 50)
    rounded = quantize_8bit(values).numpy()
    np.testing.assert_array_equal(rounded, (np.rint(values.numpy() * np.float32(255)) / 255).astype(np.float32))
    assert np.abs(rounded - values.numpy()).max() <= 0.5 / 255 + 1e-7


def test_values_out_of_range_end_at_its_ends() -> None:
    out = quantize_8bit(torch.tensor([-3.0, 7.0]).expand(3, 1, 2))
    assert out[0].tolist() == [[0.0, 1.0]]
