from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from twostage_hdr.inference.bracket.alignment import FEATHER, apply_warp
from twostage_hdr.inference.bracket.fill import fill
from twostage_hdr.inference.bracket.merge import AlignedFrame, merge
from twostage_hdr.inference.bracket.response import gamma_response
from twostage_hdr.inference.reconstruct import ReconstructOptions, load_reconstructor
from twostage_hdr.networks.two_stage import TwoStageNetwork

GAMMA = gamma_response()


class Boost(nn.Module):
    """Knows how bright clipped channels are: `values`, encoded; other channels keep their value times `gain`."""

    output = "encoded"
    receptive_radius = 0

    def __init__(self, values, gain=1.0):
        super().__init__()
        self.values, self.gain = torch.tensor(values).view(1, 3, 1, 1), gain

    def forward(self, ldr):
        return self.gain * torch.where(ldr >= 248 / 255, self.values, ldr)


@pytest.fixture
def frames(scene):
    light = np.minimum(scene(), 0.7)
    light[55:105, 55:105] = 2.4  # bright, and known to the short frame
    light[60:100, 60:100] = (40, 30, 20)
    light[120:140, 20:50] = (40, 0.5, 0.3)

    def frame(stop):
        pixels = np.rint(255 * np.clip(light * 2.0**stop, 0, 1) ** (1 / 2.24)).astype(np.uint8)
        return AlignedFrame(pixels=pixels, covered=None, gain=2.0**stop)

    return [frame(0.0), frame(-2.0), frame(2.0)]


def _filled(frames, network):
    merged = merge(frames, GAMMA)
    before = merged.linear.copy()
    return (
        before,
        merged.missing > 0,
        fill(merged, frames, GAMMA, load_reconstructor(network, ReconstructOptions(device="cpu", precision="fp32"))),
    )


def test_the_network_fills_what_is_missing_on_the_reference_scale(frames):
    _, missing, filled = _filled(frames, Boost((1.5, 1.4, 1.3)))
    assert missing[70, 70]
    np.testing.assert_allclose(filled[70, 70], 4 * np.array((1.5, 1.4, 1.3)) ** 2.24, rtol=1e-3)


def test_what_a_frame_recorded_is_not_touched(frames):
    before, missing, filled = _filled(frames, Boost((1.5, 1.4, 1.3)))
    np.testing.assert_array_equal(filled[~missing], before[~missing])
    assert 0.02 < missing.mean() < 0.2


def test_of_a_light_that_clips_in_one_channel_the_others_are_measured(frames):
    _, _, filled = _filled(frames, Boost((2.0, 2.0, 2.0)))
    assert filled[130, 30, 0] == pytest.approx(4 * 2**2.24, rel=1e-3)
    np.testing.assert_allclose(filled[130, 30, 1:], (0.5, 0.3), rtol=0.05)


@pytest.mark.parametrize("values", [(0.0, 0.0, 0.0), (0.2, 1.0, 1.0)])
def test_a_network_that_fails_leaves_lights_at_the_cameras_white(frames, values):
    _, _, filled = _filled(frames, Boost(values))
    np.testing.assert_allclose(filled[70, 70], 4, rtol=1e-5)  # neither black nor cyan


def test_a_network_with_another_exposure_joins_without_a_step(frames):
    _, _, right = _filled(frames, Boost((1.5, 1.4, 1.3)))
    _, _, other = _filled(frames, Boost((1.5, 1.4, 1.3), gain=0.9))
    np.testing.assert_allclose(other, right, rtol=1e-3)


@pytest.mark.parametrize("bright", [3.0, 40.0])
def test_a_light_has_no_step_where_the_frame_that_knows_it_ends(bright):
    """Beside it only the clipped reference is left, and what the network makes of it: 1.5 times white, encoded."""
    light = np.full((60, 640, 3), 0.5, np.float32)
    light[10:50] = bright
    frames = [
        AlignedFrame(
            pixels=np.rint(255 * np.clip(light * gain, 0, 1) ** (1 / 2.24)).astype(np.uint8), covered=None, gain=gain
        )
        for gain in (1.0, 0.25)
    ]
    _, covered = apply_warp(frames[1].pixels, np.array([[1, 0, 100], [0, 1, 0], [0, 0, 1.0]]))
    _, _, filled = _filled([frames[0], replace(frames[1], covered=covered)], Boost((1.5, 1.5, 1.5)))
    lights = filled[30, :, 0]
    ends = 1.5**2.24, bright if bright < 4 else 4 * 1.5**2.24
    assert (lights[-1], lights[0]) == pytest.approx(ends, rel=0.02)
    assert np.abs(np.diff(lights)).max() < 3 * abs(ends[1] - ends[0]) / (FEATHER * 640)


def test_parts_give_what_the_whole_frame_gives(frames):
    torch.manual_seed(0)
    local = TwoStageNetwork(features=8, growth=4)
    whole = nn.Sequential(local, nn.Upsample(scale_factor=1))
    whole.output = "encoded"
    np.testing.assert_allclose(_filled(frames, local)[2], _filled(frames, whole)[2], rtol=1e-3)
