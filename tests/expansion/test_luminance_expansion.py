import numpy as np
import pytest
import torch
from scipy import ndimage

from tests.refusal import refusal_of
from twostage_hdr.expansion.luminance_expansion import (
    connected_regions,
    display_range,
    for_each_image,
    ldr_frame,
    log_mean,
    maximum,
)


def test_a_colour_takes_the_new_luminance_and_black_stays_black() -> None:
    linear = torch.tensor([[0.5, 0.0], [0.25, 0.0], [0.1, 0.0]])[:, None]
    L = torch.tensor([[0.3, 0.0]])[None]
    out = ldr_frame(linear)._replace(linear=linear, L=L).with_luminance(torch.tensor([[600.0, 5.0]])[None])
    torch.testing.assert_close(out[:, 0, 0], torch.tensor([1000.0, 500.0, 200.0]))
    assert out[:, 0, 1].abs().max() == 0


def test_linearising_applies_the_gamma() -> None:
    frame = ldr_frame(torch.full((3, 1, 1), 0.5), gamma=2.0)
    torch.testing.assert_close(frame.linear, torch.full((3, 1, 1), 0.25))
    torch.testing.assert_close(frame.L, torch.full((1, 1, 1), 0.25))


def test_the_log_mean_of_two_values_is_their_geometric_mean() -> None:
    torch.testing.assert_close(log_mean(torch.tensor([[[0.1, 0.4]]])).item(), 0.2, rtol=1e-4, atol=0)


def test_the_maximum_of_black_can_divide() -> None:
    assert maximum(torch.zeros(2, 1, 3, 3)).flatten().tolist() == [1, 1]


def test_the_peak_is_what_is_given_or_ten_times_white() -> None:
    assert ldr_frame(torch.rand(3, 1, 1), white=100.0).peak == 1000
    assert ldr_frame(torch.rand(3, 1, 1), white=100.0, max_output=700.0).peak == 700


@pytest.mark.parametrize("black", [-1.0, 500.0, 600.0])
def test_a_black_level_that_is_no_black_is_refused(black: float) -> None:
    with refusal_of("black_level", black, "500 cd/m^2"):
        display_range(500.0, black)


def test_every_image_is_treated_on_its_own_and_the_shape_is_kept() -> None:
    images, offsets = torch.rand(2, 3, 1, 4, 5), torch.rand(2, 3, 1, 4, 5)
    out = for_each_image(lambda one, offset: one - one.max() + offset, images, offsets)
    torch.testing.assert_close(out, images - images.amax((-1, -2), keepdim=True) + offsets)


def test_regions_are_scipys_eight_connected_ones() -> None:
    mask = torch.rand(40, 50) > 0.7
    labels, statistics = connected_regions(mask)
    expected, count = ndimage.label(mask.numpy(), np.ones((3, 3)))
    assert len(statistics) == count + 1
    np.testing.assert_array_equal(np.sort(statistics[1:, -1]), np.sort(np.bincount(expected.ravel())[1:]))
    assert ((labels > 0) == mask.numpy()).all()
