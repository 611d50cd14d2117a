"""Where a photograph is HDR itself: its own light, to the last bit, and the network's only where that clips."""

from pathlib import Path

import imagecodecs
import numpy as np
import OpenEXR
import pytest
import torch
from PIL import Image
from torch import nn

import twostage_hdr
from tests.imaging.gain_map_files import iso_jpeg, iso_metadata
from tests.imaging.test_hdr_signal import PQ, with_cicp
from twostage_hdr.imaging.chromaticities import DISPLAY_P3
from twostage_hdr.imaging.colour_profile import rgb_profile
from twostage_hdr.imaging.hdr_signal import OwnLight
from twostage_hdr.imaging.photograph import Photograph, read_photograph
from twostage_hdr.imaging.result_format import ResultOptions
from twostage_hdr.inference.own_light import CLIPS, hdr_use, joined
from twostage_hdr.inference.reconstruct import load_reconstructor
from twostage_hdr.inference.result_files import Result, result_files


class Tripled(nn.Module):
    """Stands in for a network: clipped channels become three times white, in linear light."""

    output = "linear"
    receptive_radius = 0

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return torch.where(image >= 0.99, 3.0, image)


class Never(nn.Module):
    output = "linear"

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        raise ZeroDivisionError


def own(light: np.ndarray, peak: float) -> OwnLight:
    return OwnLight(
        kind="test",
        height=len(light),
        width=light.shape[1],
        peak=np.full(3, peak, np.float32),
        rows=lambda top, bottom: light[top:bottom],
    )


def ramp(peak: float) -> np.ndarray:
    return np.linspace(0, peak, 300, dtype=np.float32)[None, :, None].repeat(40, 0).repeat(3, 2)


def result(photograph: Photograph, network: nn.Module) -> np.ndarray:
    return twostage_hdr.reconstruct(photograph, weights=network, precision="fp32")


def test_where_nothing_clips_the_network_is_not_asked() -> None:
    light = ramp(3.5)
    np.testing.assert_array_equal(result(Photograph(pixels=None, light=own(light, 4)), Never()), light)


def test_where_it_clips_the_networks_light_is_in_units_of_the_peak() -> None:
    light = np.minimum(ramp(8), 4)
    found = result(Photograph(pixels=None, light=own(light, 4)), Tripled())
    np.testing.assert_array_equal(found[light < CLIPS[0] * 4], light[light < CLIPS[0] * 4])
    np.testing.assert_allclose(found[light == 4], 12, rtol=1e-5)


def test_the_hand_over_is_smooth_and_never_darker() -> None:
    light = ramp(4)
    found = np.concatenate(list(joined(own(light, 4), iter([light / 4 * 2]))))  # a network that doubles everything
    assert (found >= light).all()
    steps = np.diff(found[0, :, 0])
    assert (steps > 0).all()
    assert np.abs(np.diff(steps)).max() < 0.1
    darker = np.concatenate(list(joined(own(light, 4), iter([light / 8]))))
    np.testing.assert_array_equal(darker, light)


def test_a_channel_that_does_not_clip_stays_its_own() -> None:
    light = np.zeros((20, 30, 3), np.float32) + np.array([4, 2, 1], np.float32)
    found = result(Photograph(pixels=None, light=own(light, 4)), Tripled())
    np.testing.assert_allclose(found[5, 5], [12, 2, 1], rtol=1e-5)


def test_a_few_brightest_pixels_do_not_clip() -> None:
    light = np.ones((400, 400, 3), np.float32)
    light[7, 9] = 4
    assert hdr_use(own(light, 4)).clipped_share == 0
    light[:20] = 4
    assert hdr_use(own(light, 4)).clipped_share == pytest.approx(0.05, abs=1e-4)


def test_what_was_done_is_told() -> None:
    light = np.minimum(ramp(8), 4)
    reconstructor = load_reconstructor(Tripled())
    begun = reconstructor.begin_photograph(Photograph(pixels=None, light=own(light, 4)))
    assert begun.hdr is not None
    assert begun.hdr.headroom_stops == 2
    assert str(begun.hdr).startswith("already HDR (test, 2.0 stops above white): its own light, the network's where")
    calm = reconstructor.begin_photograph(Photograph(pixels=None, light=own(ramp(1), 4)))
    assert str(calm.hdr) == "already HDR (test, 2.0 stops above white): its own light, none of it clips"
    ordinary = Photograph(pixels=np.zeros((4, 4, 3), np.uint8))
    assert reconstructor.begin_photograph(ordinary).hdr is None


def test_a_gain_maps_own_light_comes_out_of_reconstruct(tmp_path: Path) -> None:
    base = np.random.default_rng(0).integers(0, 200, (32, 48, 3), dtype=np.uint8)
    codes = np.full((8, 12), 200, np.uint8)
    (tmp_path / "a.jpg").write_bytes(iso_jpeg(base, codes, iso_metadata([(0, 3, 1, 0, 0)], headroom=3)))
    light = read_photograph(tmp_path / "a.jpg").light
    assert light is not None
    found = twostage_hdr.reconstruct(tmp_path / "a.jpg", weights=Never())
    np.testing.assert_array_equal(found, light.rows(0, 32))
    with pytest.raises(ZeroDivisionError):
        twostage_hdr.reconstruct(tmp_path / "a.jpg", weights=Never(), ignore_gain_map=True)


def test_a_pq_photographs_white_is_203_nits(tmp_path: Path) -> None:
    code = np.full((24, 24, 3), round(0.58069 * 65535), np.uint16)  # PQ of 203 cd/m^2 [itu2100]
    (tmp_path / "a.png").write_bytes(with_cicp(imagecodecs.png_encode(code), 9, PQ))
    np.testing.assert_allclose(twostage_hdr.reconstruct(tmp_path / "a.png", weights=Never()), 1, rtol=1e-3)


def test_a_red_of_display_p3_has_its_chromaticity_in_the_openexr(tmp_path: Path) -> None:
    red = np.zeros((32, 32, 3), np.uint8) + np.array([240, 0, 0], np.uint8)
    Image.fromarray(red).save(tmp_path / "a.png", icc_profile=rgb_profile(DISPLAY_P3))
    photograph = read_photograph(tmp_path / "a.png")
    rows = twostage_hdr.reconstruct(photograph)  # the default set, in float or bfloat16
    result = Result(width=32, height=32, options=ResultOptions(half=False), info=photograph.info)
    with result_files(tmp_path, "a", ["exr"], result) as files:
        files.write_rows(rows)
    with OpenEXR.File(str(tmp_path / "a.exr")) as file:
        stated = np.array([float(value) for value in file.header()["chromaticities"]]).reshape(4, 2)
        rgb = file.channels()["RGB"].pixels[16, 16].astype(float)
    corners = np.column_stack([stated, 1 - stated.sum(axis=1)]) / stated[:, 1:2]
    to_xyz = corners[:3].T * np.linalg.solve(corners[:3].T, corners[3])
    xyz = to_xyz @ rgb
    np.testing.assert_allclose(xyz[:2] / xyz.sum(), (0.680, 0.320), atol=0.004)
    np.testing.assert_array_equal(rows, twostage_hdr.reconstruct(red))  # the network sees the channels as they are
