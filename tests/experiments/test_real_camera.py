from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from experiments.real_camera.bracket import read_bracket, scenes
from tests.refusal import refusal_of

GAMMA = 2.2


def write_bracket(folder: Path, seconds: tuple[float, ...]) -> np.ndarray:
    """JPEGs of a ramp of light by a camera with a gamma; a bright stripe is 8 times white at 1 s. The light at 1 s."""
    light = np.geomspace(0.002, 1.0, 400)[None].repeat(300, 0)
    light[:, 380:] = 8.0
    for number, time in enumerate(seconds):
        codes = (255 * (light * time).clip(0, 1) ** (1 / GAMMA)).round().astype(np.uint8)
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x829A] = time
        Image.fromarray(codes[..., None].repeat(3, 2)).save(folder / f"{number}.jpg", quality=98, exif=exif)
    return light


def test_the_reference_is_the_light_in_the_frames_own_scale(tmp_path: Path) -> None:
    light = write_bracket(tmp_path, (1 / 16, 1 / 4, 1.0))
    (triple,) = scenes(read_bracket(tmp_path))[-1:]
    assert triple.scene == "2"
    linear = (triple.reference16**2.24).mean(0)
    seen = torch.from_numpy(light[0])
    ours = linear[150] / linear[150, 300] * seen[300]
    np.testing.assert_allclose(torch.log2(ours[150:370]), torch.log2(seen[150:370]), atol=0.25)
    assert float(torch.log2(linear[150, 390])) == pytest.approx(3, abs=0.5)  # 8 times white


def test_frames_that_clip_too_little_or_have_no_shorter_one_are_left_out(tmp_path: Path) -> None:
    write_bracket(tmp_path, (1 / 64, 1 / 32, 1 / 4))
    assert [triple.scene for triple in scenes(read_bracket(tmp_path))] == ["2"]


def test_a_frame_without_an_exposure_time_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg")
    with refusal_of(tmp_path / "a.jpg", "EXIF"):
        read_bracket(tmp_path)


def test_one_frame_is_no_bracket(tmp_path: Path) -> None:
    write_bracket(tmp_path, (1.0,))
    with refusal_of(tmp_path, "1 JPEG"):
        read_bracket(tmp_path)
