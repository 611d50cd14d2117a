import copy

import pytest
import torch
from torch import nn

from twostage_hdr.losses.adversarial import AdversarialLoss
from twostage_hdr.losses.reconstruction import L1Loss
from twostage_hdr.losses.structure import SSIMLoss
from twostage_hdr.losses.weighted import WeightedLoss
from twostage_hdr.networks.discriminator import Discriminator
from twostage_hdr.networks.stage import Stage
from twostage_hdr.training.enhancement_objective import EnhancementObjective

WEIGHT = 0.37


class CountingDiscriminator(nn.Module):
    """Counts its forward passes."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner, self.passes = inner, 0

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        self.passes += 1
        return self.inner(image)


def make_objective(weight: float = WEIGHT) -> EnhancementObjective:
    return EnhancementObjective(
        reconstruction=WeightedLoss(
            terms={"l1": L1Loss(), "structure": SSIMLoss()}, weights={"l1": 1.0, "structure": 1.0}
        ),
        adversarial=AdversarialLoss(),
        adversarial_weight=weight,
    )


def networks() -> tuple[Stage, Discriminator, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    ldr, reference = (torch.rand(3, 3, 16, 20, dtype=torch.float64, generator=generator) for _ in range(2))
    return Stage(features=8, growth=4, blocks=1).double(), Discriminator(features=2).double(), ldr, reference


def gradients(network: nn.Module) -> list[torch.Tensor]:
    return [parameter.grad.clone() for parameter in network.parameters()]


def test_both_players_gradients_are_those_of_separate_forward_passes() -> None:
    stage, discriminator, ldr, reference = networks()
    objective = make_objective()

    # The plain way: the discriminator is asked three times.
    plain_stage, plain_discriminator = copy.deepcopy(stage), copy.deepcopy(discriminator)
    enhanced = plain_stage(ldr)
    reconstruction, _ = objective.reconstruction(enhanced, reference)
    generator_loss = reconstruction + WEIGHT * objective.adversarial.generator(plain_discriminator(enhanced))
    generator_loss.backward()
    plain_discriminator.zero_grad()
    torch.manual_seed(5)
    fake_logit = plain_discriminator(enhanced.detach())
    discriminator_loss = objective.adversarial.discriminator(plain_discriminator(reference), fake_logit)
    discriminator_loss.backward()

    # The shared way.
    torch.manual_seed(5)
    gan = objective(stage(ldr), reference, discriminator)
    gan.generator.backward()
    assert all(parameter.grad is None for parameter in discriminator.parameters())
    assert gan.discriminator is not None
    gan.discriminator.backward()

    torch.testing.assert_close(gan.generator_value, generator_loss.detach(), rtol=1e-12, atol=0)
    torch.testing.assert_close(gan.discriminator, discriminator_loss, rtol=1e-12, atol=0)
    for part, plain in ((stage, plain_stage), (discriminator, plain_discriminator)):
        assert any(float(gradient.abs().max()) > 1e-6 for gradient in gradients(plain))
        for ours, theirs in zip(gradients(part), gradients(plain), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-14)


def test_the_discriminators_loss_sends_nothing_to_the_generator() -> None:
    stage, discriminator, ldr, reference = networks()
    gan = make_objective()(stage(ldr), reference, discriminator)
    assert gan.discriminator is not None
    gan.discriminator.backward()
    assert all(parameter.grad is None for parameter in stage.parameters())


def test_the_discriminator_sees_the_fake_once_and_the_real_once() -> None:
    stage, discriminator, ldr, reference = networks()
    counting = CountingDiscriminator(discriminator)
    make_objective()(stage(ldr), reference, counting)
    assert counting.passes == 2


def test_the_parts_are_the_unweighted_terms_and_add_up_to_the_value() -> None:
    stage, discriminator, ldr, reference = networks()
    gan = make_objective()(stage(ldr), reference, discriminator)
    assert set(gan.terms) == {"l1", "structure", "adversarial"}
    assert not any(part.requires_grad for part in gan.terms.values())
    total = gan.terms["l1"] + gan.terms["structure"] + WEIGHT * gan.terms["adversarial"]
    torch.testing.assert_close(gan.generator_value, total)


@pytest.mark.parametrize("with_discriminator", [True, False])
def test_without_weight_or_without_discriminator_there_is_no_game(with_discriminator: bool) -> None:
    stage, discriminator, ldr, reference = networks()
    counting = CountingDiscriminator(discriminator)
    objective = make_objective(0.0 if with_discriminator else WEIGHT)
    gan = objective(stage(ldr), reference, counting if with_discriminator else None)
    assert gan.discriminator is None
    assert counting.passes == 0
    assert set(gan.terms) == {"l1", "structure"}
    assert torch.equal(gan.generator.detach(), gan.generator_value)
