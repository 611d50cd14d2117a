import re

import cv2
import numpy as np
import pytest
import torch

from twostage_hdr.networks.baselines.exposure_unet import ExposureUNet, merge_debevec


def test_the_encoder_has_the_published_widths_at_64_features() -> None:
    widths = [level[0].out_channels for level in ExposureUNet(features=64).down]
    assert widths == [64, 128, 256, 512, 512]


def test_the_result_is_an_ldr_image() -> None:
    image = ExposureUNet(features=4).eval()(torch.rand(1, 3, 20, 31))
    assert image.shape == (1, 3, 20, 31)
    assert 0 <= image.min() <= image.max() <= 1


STOPS = [-4.0, -2.0, 0.0, 2.0]


def exposures(linear: torch.Tensor) -> torch.Tensor:
    return torch.stack([(linear * 2**stop).clamp(0, 1) ** (1 / 2.24) for stop in STOPS], dim=1)


def test_a_true_stack_gives_back_the_scene() -> None:
    linear = torch.rand(2, 3, 8, 8) ** 4 * 15.9
    torch.testing.assert_close(merge_debevec(exposures(linear), stops=STOPS), linear, rtol=1e-4, atol=1e-6)


def test_black_stays_black_and_what_even_the_shortest_clips_is_its_white() -> None:
    linear = torch.tensor([0.0, 500.0]).view(1, 1, 1, 2).expand(1, 3, 1, 2)
    merged = merge_debevec(exposures(linear), stops=STOPS)
    torch.testing.assert_close(merged[0, 0, 0], torch.tensor([0.0, 16.0]), rtol=1e-5, atol=1e-6)


def test_opencvs_merge_of_a_quantised_stack_agrees_where_the_stack_is_well_exposed() -> None:
    linear = torch.logspace(-1.5, 0.8, 256).view(1, 1, 16, 16).expand(1, 3, 16, 16)
    eight_bit = (exposures(linear) * 255).round()
    frames = [frame.permute(1, 2, 0).numpy().astype(np.uint8) for frame in eight_bit[0]]
    response = np.repeat(((np.arange(256) / 255) ** 2.24).astype(np.float32)[:, None, None], 3, axis=2)
    times = np.array([2.0**stop for stop in STOPS], dtype=np.float32)
    theirs = cv2.createMergeDebevec().process(frames, times, response + 1e-9)
    ours = merge_debevec(eight_bit / 255, stops=STOPS)[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(ours, theirs, rtol=0.05)


@pytest.mark.parametrize("stops", [[0.0, 1.0], [0.0, -1.0, 1.0, 2.0]])
def test_stops_that_do_not_fit_are_refused(stops: list[float]) -> None:
    with pytest.raises(ValueError, match=re.escape(str(stops))):
        merge_debevec(torch.rand(1, 4, 3, 2, 2), stops=stops)
