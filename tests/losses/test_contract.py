"""What all losses have in common: a GPU gives the CPU's value and gradient, to double precision."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from twostage_hdr.losses.adversarial import AdversarialLoss
from twostage_hdr.losses.gain_aligned import GainAlignedLoss
from twostage_hdr.losses.perceptual_colour import PerceptualColourLoss
from twostage_hdr.losses.perceptual_domain import Log1pL1Loss, MuLawL1Loss, PU21L1Loss, PU21SquaredLoss
from twostage_hdr.losses.reconstruction import L1Loss
from twostage_hdr.losses.structure import MSSSIMLoss, SSIMLoss

LOSSES: list[nn.Module] = [
    L1Loss(),
    SSIMLoss(),
    MSSSIMLoss(),
    PerceptualColourLoss(),
    MuLawL1Loss(),
    PU21L1Loss(),
    PU21SquaredLoss(),
    Log1pL1Loss(),
    GainAlignedLoss(loss=L1Loss()),
]


def value_and_gradient(loss: Callable[[Tensor, Tensor], Tensor], prediction: Tensor, target: Tensor) -> list[Tensor]:
    prediction = prediction.clone().requires_grad_()
    value = loss(prediction, target)
    (gradient,) = torch.autograd.grad(value, prediction)
    return [value.detach().cpu(), gradient.cpu()]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_a_gpu_gives_the_cpus_value_and_gradient(loss: nn.Module) -> None:
    target = torch.rand(2, 3, 48, 40, dtype=torch.float64)
    prediction = (target + 0.2 * torch.randn_like(target)).clamp(min=0.01)
    expected = value_and_gradient(loss, prediction, target)
    ours = value_and_gradient(loss, prediction.cuda(), target.cuda())
    torch.testing.assert_close(ours, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_a_gpu_draws_the_cpus_soft_labels() -> None:
    real, fake = torch.randn(2, 8, dtype=torch.float64)
    values = [
        AdversarialLoss().discriminator(real.to(device), fake.to(device), torch.Generator().manual_seed(3)).cpu()
        for device in ("cpu", "cuda")
    ]
    torch.testing.assert_close(*values, rtol=1e-12, atol=0)
