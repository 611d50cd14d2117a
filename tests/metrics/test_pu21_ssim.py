import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from twostage_hdr.metrics.pu21_ssim import pu21_ssim
from twostage_hdr.radiometry.pu21 import pu21_encode


def pair() -> tuple[torch.Tensor, torch.Tensor]:
    reference = torch.rand(1, 3, 40, 50) * 1.5
    return (reference + 0.1 * torch.randn_like(reference)).clamp(min=0), reference


def test_it_agrees_with_scikit_image_on_encoded_luminance() -> None:
    prediction, reference = pair()
    weights = np.array([0.2126, 0.7152, 0.0722])
    planes = [
        pu21_encode(torch.from_numpy(200 * np.einsum("c,chw->hw", weights, image[0].double().numpy() ** 2.24))).numpy()
        for image in (prediction, reference)
    ]
    expected = structural_similarity(
        *planes, data_range=256, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert float(pu21_ssim(prediction, reference)) == pytest.approx(expected, abs=2e-5)


@pytest.mark.parametrize("size", [(1, 1), (4, 30), (11, 11)])
def test_equal_images_of_any_size_score_one(size: tuple[int, int]) -> None:
    image = torch.rand(2, 3, *size) + 0.1
    assert torch.allclose(pu21_ssim(image, image), torch.ones(2), atol=1e-6)
