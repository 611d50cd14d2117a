import math

import numpy as np
import pytest

from tests.refusal import refusal_of
from twostage_hdr.imaging.hdr import read_hdr
from twostage_hdr.imaging.video.video_reader import video_reader
from twostage_hdr.inference.reconstruct import ReconstructOptions, load_reconstructor
from twostage_hdr.inference.reconstruct_video import GainSmoothing, frame_gain, reconstruct_video, video_result_paths
from twostage_hdr.inference.result_files import ResultOptions
from twostage_hdr.networks.two_stage import TwoStageNetwork

pytestmark = pytest.mark.video


def test_the_first_frame_is_the_photographs_result_and_odd_sizes_are_cut(tmp_path, write_clip) -> None:
    pixels = np.random.default_rng(0).integers(60, 200, (99, 131, 3), dtype=np.uint8)
    clip = write_clip(tmp_path / "clip.mkv", [pixels, pixels])
    reconstructor = load_reconstructor(TwoStageNetwork(features=8, growth=4), ReconstructOptions(device="cpu"))
    told = []
    options = ResultOptions(half=False)
    result = reconstruct_video(
        clip, tmp_path, reconstructor, formats=("exr", "hevc"), options=options, advance=told.append
    )
    with video_reader(clip) as video:
        frame = next(video.frames()).pixels
    assert frame.shape == (98, 130, 3)
    first = read_hdr(tmp_path / "clip_exr" / "clip.000001.exr").pixels
    np.testing.assert_allclose(first, reconstructor.image(frame), atol=1e-6)
    assert sum(told) == pytest.approx(1)
    assert result.peak >= first.max()
    assert (tmp_path / "clip_hdr.mp4").stat().st_size > 1000


def test_formats_of_pictures_are_refused_with_the_choices(tmp_path) -> None:
    with refusal_of("'avif'", "hevc", "exr"):
        video_result_paths(tmp_path, "clip", ["avif"])


def frame(level: float = 0.5, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).normal(level, 0.05, (40, 50, 3)).clip(0, 1) * 255).astype(np.uint8)


def result(ldr: np.ndarray, gain: float) -> np.ndarray:
    return gain * (ldr.astype(np.float32) / 255) ** np.float32(2.24)


def test_the_gain_is_the_ratio_of_the_well_exposed_pixels() -> None:
    ldr = frame()
    linear = result(ldr, 1.3)
    ldr[:10], linear[:10] = 255, 80  # clipped: the network's invention, not its gain
    assert frame_gain(ldr, linear) == pytest.approx(1.3, rel=1e-5)


def test_a_frame_without_well_exposed_pixels_has_no_gain_and_is_left_alone() -> None:
    ldr = np.full((8, 8, 3), 255, np.uint8)
    assert frame_gain(ldr, result(ldr, 2)) is None
    assert GainSmoothing(rate=25).factor(ldr, result(ldr, 2)) == 1


def test_flicker_falls_by_the_factor_of_an_exponential_mean() -> None:
    smoothing, ldr, out = GainSmoothing(rate=25, seconds=0.5), frame(), []
    for number in range(200):
        gain = 1.1 if number % 2 else 1 / 1.1
        out.append(gain * smoothing.factor(ldr, result(ldr, gain)))
    share = 1 - math.exp(-1 / 12.5)
    swing = (max(out[-20:]) / min(out[-20:]) - 1) / (1.1**2 - 1)
    assert swing == pytest.approx(share / (2 - share), rel=0.1)  # of an alternating signal


def test_a_cut_to_a_frame_without_gain_forgets_the_scene_before() -> None:
    smoothing, light, black = GainSmoothing(rate=25), frame(0.7), np.zeros((40, 50, 3), np.uint8)
    assert smoothing.factor(light, result(light, 3)) == 1
    assert smoothing.factor(black, result(black, 1)) == 1
    fading = [frame(level) for level in (0.08, 0.15, 0.22, 0.29)]  # no step of these is a cut
    assert [smoothing.factor(ldr, result(ldr, 1)) for ldr in fading] == pytest.approx([1] * 4)


def test_a_cut_starts_anew_and_a_lasting_change_passes() -> None:
    smoothing = GainSmoothing(rate=25)
    dark, light = frame(0.3), frame(0.7)
    assert smoothing.factor(dark, result(dark, 1)) == 1
    assert smoothing.factor(light, result(light, 2)) == 1
    late = [smoothing.factor(light, result(light, 3)) for _ in range(100)]
    assert late[0] < 0.75
    assert late[-1] == pytest.approx(1, abs=1e-3)
