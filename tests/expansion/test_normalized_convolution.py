import numpy as np
import pytest
import torch
from scipy import ndimage

from twostage_hdr.expansion.normalized_convolution import box_mean, gaussian_blur


@pytest.mark.parametrize("sigma", [1.0, 4.5, 30.0])
@pytest.mark.parametrize("size", [(1, 1), (3, 40), (25, 31)])
def test_the_gaussian_is_scipys_divided_by_its_weight_inside(sigma: float, size: tuple[int, int]) -> None:
    values = np.random.default_rng(0).random(size)
    blurred, weight = (
        ndimage.gaussian_filter(image, sigma, mode="constant", radius=int(np.ceil(4 * sigma)))
        for image in (values, np.ones(size))
    )
    ours = gaussian_blur(torch.from_numpy(values)[None], sigma)[0].numpy()
    np.testing.assert_allclose(ours, blurred / weight, rtol=1e-6)


@pytest.mark.parametrize("side", [1, 5, 21])
def test_the_box_is_scipys_divided_by_its_weight_inside(side: int) -> None:
    values = np.random.default_rng(1).random((13, 9))
    mean, weight = (
        ndimage.uniform_filter(image, side, mode="constant", cval=0.0) for image in (values, np.ones_like(values))
    )
    np.testing.assert_allclose(box_mean(torch.from_numpy(values)[None], side)[0].numpy(), mean / weight, rtol=1e-6)
