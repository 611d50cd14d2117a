import kornia
import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity
from torch import Tensor, nn
from torchmetrics.functional.image import structural_similarity_index_measure

from twostage_hdr.losses.structure import MSSSIMLoss, SSIMLoss, structural_terms

BOTH = pytest.mark.parametrize("loss", [SSIMLoss(), MSSSIMLoss()], ids=["ssim", "ms_ssim"])


def noisy_pair(height: int, width: int, batch: int = 2) -> tuple[Tensor, Tensor]:
    target = torch.rand(batch, 3, height, width)
    return target, (target + 0.3 * torch.randn_like(target)).clamp(min=0)


def test_ssim_loss_is_twice_kornias() -> None:
    target, prediction = noisy_pair(24, 31)
    expected = 2 * kornia.losses.ssim_loss(prediction, target, window_size=11)
    torch.testing.assert_close(SSIMLoss()(prediction, target), expected)


def scikit_ssim(prediction: Tensor, target: Tensor) -> float:
    """Of one image; windows inside the image only."""
    return structural_similarity(
        target[0].double().numpy(),
        prediction[0].double().numpy(),
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=1.0,
        channel_axis=0,
    )


def test_mean_ssim_inside_the_image_is_scikit_images() -> None:
    target, prediction = noisy_pair(40, 33, batch=1)
    _, ssim = structural_terms(prediction, target)
    assert abs(ssim.item() - scikit_ssim(prediction, target)) < 1e-5


def test_ms_ssim_is_wangs_product_of_torchmetrics_contrast_terms_and_scikit_images_coarsest_ssim() -> None:
    target, prediction = x, y = noisy_pair(190, 201, batch=1)
    expected = 1.0
    for weight in (0.0448, 0.2856, 0.3001, 0.2363):
        _, contrast = structural_similarity_index_measure(y, x, data_range=1.0, return_contrast_sensitivity=True)
        expected *= contrast.item() ** weight
        x, y = (torch.nn.functional.avg_pool2d(image, 2) for image in (x, y))
    expected *= scikit_ssim(y, x) ** 0.1333
    assert abs(MSSSIMLoss()(prediction, target).item() - (1 - expected)) < 1e-5


def test_the_coarsest_scale_enters_once() -> None:
    """Flat images: every contrast term is 1, so only the coarsest luminance term is left, with its own exponent."""
    a, b = 0.2, 0.8
    luminance = (2 * a * b + 1e-4) / (a * a + b * b + 1e-4)
    loss = MSSSIMLoss()(torch.full((1, 3, 64, 64), a), torch.full((1, 3, 64, 64), b))
    assert abs(loss.item() - (1 - luminance**0.1333)) < 1e-4


@BOTH
def test_a_training_crop_whose_coarse_scales_are_smaller_than_the_window_has_a_loss(loss: nn.Module) -> None:
    target, prediction = noisy_pair(128, 128)
    assert 0.01 < loss(prediction, target) < 1
    assert loss(target, target).abs() < 1e-4


@BOTH
@pytest.mark.parametrize("size", [(1, 1), (1, 30), (4, 4), (9, 70)])
def test_images_smaller_than_the_window_have_a_loss_and_a_gradient(loss: nn.Module, size: tuple[int, int]) -> None:
    target, prediction = noisy_pair(*size)
    prediction.requires_grad_()
    value = loss(prediction, target)
    value.backward()
    assert value.isfinite()
    assert prediction.grad is not None
    assert prediction.grad.isfinite().all()


@BOTH
def test_the_gradient_agrees_with_differences_in_float64(loss: nn.Module) -> None:
    target = torch.rand(2, 3, 5, 4, dtype=torch.float64)
    prediction = (0.7 * target + 0.2 * torch.rand_like(target)).requires_grad_()
    assert torch.autograd.gradcheck(loss, (prediction, target))


ANTICORRELATED = torch.rand(1, 3, 40, 40, generator=torch.Generator().manual_seed(3))


@BOTH
@pytest.mark.parametrize(
    ("prediction", "target"),
    [
        (ANTICORRELATED, 1 - ANTICORRELATED),
        (ANTICORRELATED, ANTICORRELATED),
        (torch.zeros(1, 3, 40, 40), torch.zeros(1, 3, 40, 40)),
        (torch.zeros(1, 3, 40, 40), 10 * ANTICORRELATED),
        (torch.full((1, 3, 40, 40), 0.5), torch.full((1, 3, 40, 40), 0.5)),
        (8 * ANTICORRELATED, 10 * ANTICORRELATED),
    ],
    ids=["negative terms", "equal", "black", "black against bright", "grey", "above one"],
)
def test_gradients_are_finite_at_special_images(loss: nn.Module, prediction: Tensor, target: Tensor) -> None:
    prediction = prediction.clone().requires_grad_()
    value = loss(prediction, target)
    value.backward()
    assert value.isfinite()
    assert prediction.grad is not None
    assert prediction.grad.isfinite().all()
    assert prediction.grad.abs().max() < 10


def test_anticorrelated_images_do_have_negative_terms_and_still_a_loss_near_one() -> None:
    contrast_structure, _ = structural_terms(ANTICORRELATED, 1 - ANTICORRELATED)
    assert contrast_structure.item() < -0.9
    assert 0.9 < MSSSIMLoss()(ANTICORRELATED, 1 - ANTICORRELATED).item() < 1


@BOTH
def test_half_precision_images_are_compared_in_full_precision(loss: nn.Module) -> None:
    target, prediction = (image.bfloat16() for image in noisy_pair(32, 32))
    expected = loss(prediction.float(), target.float())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        np.testing.assert_allclose(loss(prediction, target).item(), expected.item(), rtol=0.01)


def test_mapped_terms_enter_as_half_of_one_more() -> None:
    """Flat images again, with the published code's (x + 1) / 2: of the coarsest term, and of contrast terms of 1."""
    a, b = 0.2, 0.8
    luminance = (2 * a * b + 1e-4) / (a * a + b * b + 1e-4)
    loss = MSSSIMLoss(mapped=True)(torch.full((1, 3, 64, 64), a), torch.full((1, 3, 64, 64), b))
    assert abs(loss.item() - (1 - ((luminance + 1) / 2) ** 0.1333)) < 1e-4
    contrast_structure, ssim = structural_terms(ANTICORRELATED, 1 - ANTICORRELATED)
    assert MSSSIMLoss(mapped=True)(ANTICORRELATED, ANTICORRELATED).abs() < 1e-4
    assert min(contrast_structure.item(), ssim.item()) < 0  # whose root is one only once it is mapped
    assert MSSSIMLoss(mapped=True)(ANTICORRELATED, 1 - ANTICORRELATED) < MSSSIMLoss()(
        ANTICORRELATED, 1 - ANTICORRELATED
    )
