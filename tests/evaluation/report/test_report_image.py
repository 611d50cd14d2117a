import base64
import zlib

import numpy as np
import pytest
import torch

from tests.refusal import refusal_of
from twostage_hdr.evaluation.report.report_image import HIGHEST_CODE, ReportImage, encode_picture, log_codes


def test_panes_of_different_sizes_are_refused():
    with refusal_of("report picture 'a'", (3, 2, 2), (3, 2, 3)):
        ReportImage(name="a", panes={"ldr": torch.ones(3, 2, 2), "reference": torch.ones(3, 2, 3)})


def test_shrinking_averages_linear_light_and_keeps_the_aspect():
    image = ReportImage(name="a", panes={"ldr": torch.tensor([[0.0, 2.0], [4.0, 6.0]]).expand(3, 2, 2).repeat(1, 1, 2)})
    small = image.shrunk(2).panes["ldr"]
    assert small.shape == (3, 1, 2)
    assert torch.allclose(small, torch.full((3, 1, 2), 3.0))


def test_white_comes_from_the_reference():
    panes = {"ldr": torch.ones(3, 10, 10), "reference": torch.full((3, 10, 10), 5.0)}
    assert ReportImage(name="a", panes=panes).white == pytest.approx(5.0)


def test_codes_are_equal_steps_of_log2_over_22_stops():
    assert log_codes(np.float32([2.0**-12, 2.0**-1, 2.0**10])).tolist() == [0, round(HIGHEST_CODE / 2), HIGHEST_CODE]


def test_a_value_is_kept_to_half_a_step():
    values = np.float32(2) ** np.random.default_rng(0).uniform(-12, 10, 1000).astype(np.float32)
    decoded = 2.0 ** (-12 + 22 * log_codes(values) / HIGHEST_CODE)
    assert np.abs(np.log2(decoded / values)).max() <= 22 / HIGHEST_CODE / 2 + 1e-5


@pytest.mark.parametrize("linear", [0.0, -1.0, 1e9])
def test_values_outside_the_range_take_its_end(linear):
    assert log_codes(np.float32([linear]))[0] in (0, HIGHEST_CODE)


def test_the_green_plane_is_recovered_by_summing_predictions():
    picture = torch.rand(3, 5, 7)
    planes = zlib.decompress(base64.b64decode(encode_picture(picture)))
    high, low = np.frombuffer(planes, np.uint8).reshape(2, 3, 5, 7).astype(int)
    folded = (high << 8 | low)[0]
    residual = (folded >> 1) ^ -(folded & 1)
    green = np.zeros((6, 8), int)
    for y in range(1, 6):
        for x in range(1, 8):
            a, b, c = green[y, x - 1], green[y - 1, x], green[y - 1, x - 1]
            guess = min(a, b) if c >= max(a, b) else max(a, b) if c <= min(a, b) else a + b - c
            green[y, x] = guess + residual[y - 1, x - 1]
    np.testing.assert_array_equal(green[1:, 1:], log_codes(picture.numpy())[1])
