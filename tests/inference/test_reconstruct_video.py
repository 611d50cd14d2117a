import numpy as np
import pytest

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.hdr import read_hdr
from twostage_hdr.imaging.video_reader import VideoReader
from twostage_hdr.inference.reconstruct import load_reconstructor
from twostage_hdr.inference.reconstruct_video import reconstruct_video, video_result_paths
from twostage_hdr.inference.result_files import ResultOptions
from twostage_hdr.networks.two_stage import TwoStageNetwork

pytestmark = pytest.mark.video


def test_the_first_frame_is_the_photographs_result_and_odd_sizes_are_cut(tmp_path, write_clip) -> None:
    pixels = np.random.default_rng(0).integers(60, 200, (99, 131, 3), dtype=np.uint8)
    clip = write_clip(tmp_path / "clip.mkv", [pixels, pixels])
    reconstructor, told = load_reconstructor(TwoStageNetwork(features=8, growth=4), device="cpu"), []
    options = ResultOptions(half=False)
    result = reconstruct_video(
        clip, tmp_path, reconstructor, formats=("exr", "hevc"), options=options, advance=told.append
    )
    with VideoReader(clip) as video:
        frame = next(video.frames()).pixels
    assert frame.shape == (98, 130, 3)
    first = read_hdr(tmp_path / "clip_exr" / "clip.000001.exr").pixels
    np.testing.assert_allclose(first, reconstructor.image(frame), atol=1e-6)
    assert sum(told) == pytest.approx(1)
    assert result.peak >= first.max()
    assert (tmp_path / "clip_hdr.mp4").stat().st_size > 1000


def test_formats_of_pictures_are_refused_with_the_choices(tmp_path) -> None:
    with pytest.raises(InputError, match="'avif': not for videos; choose from hevc, exr"):
        video_result_paths(tmp_path, "clip", ["avif"])
