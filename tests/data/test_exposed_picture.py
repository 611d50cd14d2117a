import numpy as np
import torch

from twostage_hdr.data.exposed_picture import exposed_picture


def test_one_pixel_in_twenty_clips_and_the_rest_follows_gamma() -> None:
    linear = torch.arange(1.0, 4001).reshape(1, 40, 100).expand(3, 40, 100)
    picture = exposed_picture(linear)
    assert picture.shape == (40, 100, 3)
    assert np.mean(picture == 255) == np.clip(np.mean(picture == 255), 0.045, 0.06)
    expected = 255 * (linear[0].numpy() / np.percentile(linear, 95)).clip(0, 1) ** (1 / 2.24)
    assert np.abs(picture[..., 0] - expected).max() <= 0.6


def test_wide_images_become_small_and_black_ones_stay_black() -> None:
    assert exposed_picture(torch.rand(3, 100, 960)).shape == (50, 480, 3)
    assert not exposed_picture(torch.zeros(3, 5, 5)).any()
