import numpy as np
import scipy.ndimage
import torch

from twostage_hdr.losses.baselines.hdrcnn import HDRCNNLoss


def reference(prediction: np.ndarray, encoded: np.ndarray, weight: float) -> float:
    linear = encoded**2.24
    alpha = np.clip((linear.max(axis=0) - 0.95) / 0.05, 0, 1)

    def light(image: np.ndarray) -> np.ndarray:
        luminance = 0.213 * image[0] + 0.715 * image[1] + 0.072 * image[2]
        return scipy.ndimage.gaussian_filter(np.log(luminance + 1 / 255), 4.2, radius=6, mode="nearest")

    light_p, light_t = light(prediction), light(linear)
    surface = np.log(prediction + 1 / 255) - light_p - np.log(linear + 1 / 255) + light_t
    return float((alpha * (weight * (light_p - light_t) ** 2 + (1 - weight) * surface**2)).mean())


def test_it_equals_scipys_gaussian_decomposition() -> None:
    prediction, target = torch.rand(1, 3, 20, 17).double() * 4, torch.rand(1, 3, 20, 17).double() * 2
    for weight in (0.5, 0.1):
        loss = HDRCNNLoss(illumination_weight=weight)(prediction, target).item()
        np.testing.assert_allclose(loss, reference(prediction[0].numpy(), target[0].numpy(), weight), rtol=1e-6)


def test_only_clipped_highlights_count() -> None:
    target = torch.rand(1, 3, 16, 16) * 0.97  # linear < 0.934
    assert HDRCNNLoss()(torch.rand(1, 3, 16, 16), target) == 0


def test_a_perfect_prediction_costs_nothing() -> None:
    target = torch.rand(2, 3, 16, 16) * 3
    torch.testing.assert_close(HDRCNNLoss()(target**2.24, target), torch.tensor(0.0), atol=1e-9, rtol=0)


def test_its_gradient_is_right() -> None:
    prediction = (torch.rand(1, 3, 8, 8).double() * 3).requires_grad_()
    target = torch.rand(1, 3, 8, 8).double() * 2
    assert torch.autograd.gradcheck(HDRCNNLoss(), (prediction, target))
