from dataclasses import replace

import numpy as np
import pytest

from twostage_hdr.inference.bracket import merge as merge_file
from twostage_hdr.inference.bracket.alignment import FEATHER, apply_warp
from twostage_hdr.inference.bracket.merge import AlignedFrame, merge
from twostage_hdr.inference.bracket.response import gamma_response

GAMMA = gamma_response()


def _frame(light, stop, *, covered=None, levels=255):
    kind = np.uint8 if levels == 255 else np.uint16
    pixels = np.rint(levels * np.clip(light * 2.0**stop, 0, 1) ** (1 / 2.24)).astype(kind)
    return AlignedFrame(pixels=pixels, covered=covered, gain=2.0**stop)


def _recorded(light, stops):
    """Where a code of one frame is neither clipped nor so dark that its rounding, with another's, is 2 %."""
    codes = [np.clip(light * 2.0**stop, 0, 2) ** (1 / 2.24) * 255 for stop in stops]
    return np.any([((code > 66) & (code < 230)).all(axis=2) for code in codes], axis=0)


@pytest.mark.parametrize("size", [(181, 243), (1, 1), (7, 300)])
def test_what_a_frame_recorded_is_within_two_percent_of_the_truth(scene, size):
    light, stops = scene(*size) if size != (1, 1) else np.full((1, 1, 3), 0.3, np.float32), (0.0, -2.0, 2.0)
    merged = merge([_frame(light, stop) for stop in stops], GAMMA)
    error = np.abs(merged.linear / light - 1)[_recorded(light, stops)]
    assert error.max() < 0.02
    assert np.median(error) < 0.0035 or size != (181, 243)
    assert merged.moving == 0


def test_frames_of_16_bits_are_more_exact(scene):
    light = scene()
    merged = merge([_frame(light, stop, levels=65535) for stop in (0.0, -2.0)], GAMMA)
    assert np.abs(merged.linear / light - 1)[_recorded(light, (0.0, -2.0))].max() < 0.002


def test_the_certainty_of_many_frames_lowers_their_noise(scene):
    light, rng = np.full((60, 80, 3), 0.2, np.float32), np.random.default_rng(0)
    frames = [_frame(light + rng.normal(0, 0.004, light.shape), 0.0) for _ in range(4)]
    assert merge(frames, GAMMA).linear.std() == pytest.approx(merge(frames[:1], GAMMA).linear.std() / 2, rel=0.1)


def test_what_no_frame_recorded_is_said_with_the_shortest_frame(scene):
    light = scene()
    light[40:60, 40:60] = 20
    merged = merge([_frame(light, stop) for stop in (0.0, -2.0)], GAMMA)
    assert (merged.missing[40:60, 40:60] == 255).all()
    assert (merged.sources[1, 40:60, 40:60] == 255).all()
    np.testing.assert_allclose(merged.linear[45:55, 45:55], 4, rtol=1e-5)  # the white of the frame at -2 stops
    recorded = light.max(axis=2) < 0.8
    assert (merged.missing[recorded] == 0).all()


@pytest.mark.parametrize("bright", [0.05, 0.9])
def test_a_thing_that_moves_is_where_the_reference_has_it(scene, bright):
    light = 0.3 * np.clip(scene(), 0.3, 2)
    seen = [light.copy() for _ in range(3)]
    for place, frame in enumerate(seen):
        frame[60:100, 30 + 60 * place : 60 + 60 * place] = bright
    merged = merge([_frame(frame, stop) for frame, stop in zip(seen, (0.0, -2.0, 2.0), strict=True)], GAMMA)
    np.testing.assert_allclose(merged.linear, seen[0], rtol=0.06)
    assert 0.02 < merged.moving < 0.25


def test_a_dark_thing_before_a_clipped_sky_of_the_reference_is_left_out():
    light = np.full((120, 160, 3), 3.0, np.float32)
    short = light.copy()
    short[50:80, 50:80] = 0.2
    merged = merge([_frame(light, 0.0), _frame(short, -3.0)], GAMMA)
    assert (merged.sources[0, 55:75, 55:75] == 255).all()
    assert (merged.missing[55:75, 55:75] == 255).all()
    np.testing.assert_allclose(merged.linear[:40], 3, rtol=0.02)


def test_what_a_frame_does_not_cover_is_told_by_the_others(scene):
    light = np.minimum(scene(), 0.8)
    covered = np.full(light.shape[:2], 255, np.uint8)
    covered[:, :50] = 0
    other = _frame(light, -1.0, covered=covered)
    other.pixels[:, :50] = 0
    merged = merge([_frame(light, 0.0), other], GAMMA)
    np.testing.assert_array_equal(merged.linear[:, :40], merge([_frame(light, 0.0)], GAMMA).linear[:, :40])


WARPS = {
    "left": np.array([[1, 0, -30], [0, 1, 0], [0, 0, 1.0]]),
    "right": np.array([[1, 0, 30], [0, 1, 0], [0, 0, 1.0]]),
    "top": np.array([[1, 0, 0], [0, 1, -30], [0, 0, 1.0]]),
    "bottom": np.array([[1, 0, 0], [0, 1, 30], [0, 0, 1.0]]),
    "all sides": np.array([[1.1, 0.2, -50], [-0.2, 1.1, 20], [0, 0, 1.0]]),
}


@pytest.mark.parametrize("warp", WARPS.values(), ids=WARPS)
def test_a_wrong_exposure_makes_no_step_where_a_moved_frame_ends(warp):
    """4 % too bright, and 64 times as certain as the reference: the result rises to that over the feather."""
    light = np.repeat(np.linspace(0.02, 0.09, 400)[None, :, None], 300, axis=0).repeat(3, axis=2)
    bright = _frame(1.04 * light, 3.0, levels=65535)
    _, covered = apply_warp(bright.pixels, warp)
    frames = [_frame(light, 0.0, levels=65535), replace(bright, covered=covered)]
    ratio = merge(frames, GAMMA).linear / light
    assert ratio.max() > 1.03
    assert ratio[covered == 0] == pytest.approx(1, abs=1e-3)
    steps = max(np.abs(np.diff(ratio, axis=axis)).max() for axis in (0, 1))
    assert steps < 1.5 * 0.04 / (FEATHER * 400)


def test_the_result_does_not_depend_on_the_bands(scene, monkeypatch):
    light, moved = scene(150, 90), scene(150, 90)
    moved[60:80, 20:50] = 0.01
    frames = [_frame(light, 0.0), _frame(moved, -2.0), _frame(light, 2.0)]
    whole = merge(frames, GAMMA)
    thin = [slice(top, min(top + 17, 150)) for top in range(0, 150, 17)]
    monkeypatch.setattr(merge_file, "row_bands", lambda height: thin)
    bands = merge(frames, GAMMA)
    np.testing.assert_allclose(bands.linear, whole.linear, rtol=1e-4)
    np.testing.assert_array_equal(bands.sources, whole.sources)
    assert bands.moving == pytest.approx(whole.moving)


def test_a_frame_in_the_hand_does_not_blur_the_references_edges(scene):
    """A frame half a pixel beside the reference, at 16 times its certainty, must not blur its edges."""
    light = np.minimum(scene(), 0.2)
    light[:, ::8] *= 0.3
    beside = 0.5 * (light + np.roll(light, 1, axis=1))
    covered = np.full(light.shape[:2], 255, np.uint8)
    alone = merge([_frame(light, 0.0)], GAMMA)
    merged = merge([_frame(light, 0.0), _frame(beside, 2.0, covered=covered)], GAMMA)
    errors = [np.abs(result.linear / light - 1)[:, 2:-2] for result in (alone, merged)]
    assert np.quantile(errors[1], 0.99) < 2 * np.quantile(errors[0], 0.99)
