"""HLG as colour-science computes it for ITU-R BT.2100."""

import colour
import numpy as np
import torch

from twostage_hdr.radiometry.hlg import HLG_PEAK, hlg_display, hlg_scene

REC2020_WEIGHTS = torch.tensor([0.2627, 0.6780, 0.0593])


def test_the_scenes_light_is_colour_sciences():
    codes = np.linspace(0, 1, 301)
    expected = colour.models.oetf_inverse_BT2100_HLG(codes)
    np.testing.assert_allclose(hlg_scene(torch.from_numpy(codes)).numpy(), expected, atol=1e-6)


def test_the_displays_light_is_colour_sciences():
    codes = np.random.default_rng(0).random((50, 3))
    expected = colour.models.eotf_BT2100_HLG(codes)
    shown = hlg_display(hlg_scene(torch.from_numpy(codes)), REC2020_WEIGHTS.double())
    np.testing.assert_allclose(shown.numpy(), expected, rtol=1e-4, atol=1e-4)


def test_three_quarters_of_the_signal_is_diffuse_white_and_the_end_is_the_peak():
    shown = hlg_display(hlg_scene(torch.tensor([[0.75] * 3, [1.0] * 3, [0.0] * 3])), REC2020_WEIGHTS)
    np.testing.assert_allclose(shown[:, 0].numpy(), [203, HLG_PEAK, 0], rtol=2e-3)
