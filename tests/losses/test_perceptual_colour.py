import numpy as np
import pytest
import torch
from skimage.color import deltaE_ciede2000, rgb2lab
from torch import Tensor

from twostage_hdr.losses.perceptual_colour import PerceptualColourLoss


def test_the_loss_is_scikit_images_mean_colour_difference_of_the_values_read_as_srgb() -> None:
    prediction, target = torch.rand(2, 2, 3, 16, 16)
    lab1, lab2 = (rgb2lab(image.permute(0, 2, 3, 1).numpy().astype(np.float64)) for image in (prediction, target))
    expected = deltaE_ciede2000(lab1, lab2).mean()
    # kornia and scikit-image write the same white point with different digits.
    assert PerceptualColourLoss()(prediction, target).item() == pytest.approx(expected, rel=2e-3)


def test_equal_images_differ_by_nothing() -> None:
    image = torch.rand(1, 3, 8, 8) * 4
    assert PerceptualColourLoss()(image, image.clone()).item() == 0


def test_the_gradient_agrees_with_differences_in_float64() -> None:
    prediction, target = torch.rand(2, 1, 3, 4, 4, dtype=torch.float64).unbind()
    assert torch.autograd.gradcheck(PerceptualColourLoss(), (prediction.clone().requires_grad_(), target))


COLOUR = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("prediction", "target"),
    [
        (COLOUR, COLOUR),
        (torch.full((1, 3, 4, 4), 0.5), torch.full((1, 3, 4, 4), 0.5)),
        (torch.full((1, 3, 4, 4), 0.5), COLOUR),
        (torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 4, 4)),
        (torch.zeros(1, 3, 4, 4), COLOUR),
        (10 * COLOUR, 6 * COLOUR.flip(1)),
        (torch.zeros(1, 3, 4, 4), torch.full((1, 3, 4, 4), 10.0)),
    ],
    ids=["equal", "equal greys", "grey", "black", "black against colour", "above one", "black against brightest"],
)
def test_gradients_are_finite_at_special_colours(prediction: Tensor, target: Tensor) -> None:
    prediction = prediction.clone().requires_grad_()
    value = PerceptualColourLoss()(prediction, target)
    value.backward()
    assert value.isfinite()
    assert prediction.grad is not None
    assert prediction.grad.isfinite().all()


def test_descending_the_gradient_brings_the_colours_together() -> None:
    target = COLOUR
    prediction = torch.full_like(target, 0.5).requires_grad_()
    loss, optimiser = PerceptualColourLoss(), torch.optim.Adam([prediction], lr=0.02)
    before = loss(prediction, target).item()
    for _ in range(60):
        optimiser.zero_grad()
        loss(prediction, target).backward()
        optimiser.step()
    assert loss(prediction, target).item() < 0.2 * before


def test_the_published_variant_has_the_value_but_no_gradient() -> None:
    prediction, target = COLOUR.clone().requires_grad_(), COLOUR.flip(1)
    ours, published = PerceptualColourLoss(), PerceptualColourLoss(differentiable=False)
    assert ours(prediction, target).requires_grad
    assert not published(prediction, target).requires_grad
    torch.testing.assert_close(published(prediction, target), ours(prediction, target).detach(), rtol=0, atol=0)


def test_without_gradients_the_loss_does_not_switch_them_on() -> None:
    with torch.no_grad():
        assert not PerceptualColourLoss()(COLOUR.clone().requires_grad_(), COLOUR).requires_grad


def test_half_precision_images_are_compared_in_full_precision() -> None:
    prediction, target = COLOUR.bfloat16(), COLOUR.flip(1).bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        ours = PerceptualColourLoss()(prediction, target)
    torch.testing.assert_close(ours, PerceptualColourLoss()(prediction.float(), target.float()))
