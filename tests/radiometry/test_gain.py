import numpy as np
import pytest
import torch

from twostage_hdr.radiometry.gain import median_gain, well_exposed
from twostage_hdr.radiometry.luminance import luminance


def test_both_ends_of_the_well_exposed_range_are_excluded() -> None:
    linear = torch.tensor([0.0199, 0.0201, 0.8999, 0.9001]).expand(3, 1, 4)
    assert well_exposed(linear).flatten().tolist() == [False, True, True, False]


def test_one_channel_outside_the_range_is_enough() -> None:
    assert not well_exposed(torch.tensor([0.5, 0.95, 0.5])[:, None, None]).any()


@pytest.mark.parametrize("width", [6, 7])  # an even and an odd number of pixels
def test_each_image_has_numpys_median_of_the_log_ratios(width: int) -> None:
    generator = torch.Generator().manual_seed(width)
    reference, prediction = torch.rand(2, 2, 1, 5, width, dtype=torch.float64, generator=generator)
    mask = torch.rand(2, 1, 5, width, generator=generator) < 0.6
    gain, pixels = median_gain(reference, prediction, mask)
    for image in range(2):
        chosen = mask[image].numpy()
        ratios = np.log(reference[image].numpy()[chosen]) - np.log(prediction[image].numpy()[chosen])
        assert float(gain[image]) == pytest.approx(float(np.exp(np.median(ratios))), rel=1e-12)
        assert int(pixels[image]) == chosen.sum()


def test_black_pixels_have_no_ratio() -> None:
    reference = torch.tensor([0.0, 0.4, 0.6, 0.8])[None, None]
    prediction = torch.tensor([0.5, 0.0, 0.3, 0.4])[None, None]
    gain, pixels = median_gain(reference, prediction, torch.ones(1, 1, 4, dtype=torch.bool))
    assert (float(gain), int(pixels)) == (pytest.approx(2), 2)


def test_where_nothing_can_be_measured_the_gain_is_nan() -> None:
    image = luminance(torch.rand(3, 4, 4))
    gain, pixels = median_gain(image, image, torch.zeros(1, 4, 4, dtype=torch.bool))
    assert gain.isnan()
    assert pixels == 0
