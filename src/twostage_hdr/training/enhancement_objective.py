"""Stage I's objective: reconstruction losses and the adversarial loss [sharif2021twostage]."""

from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from twostage_hdr.losses.adversarial import AdversarialLoss
from twostage_hdr.losses.weighted import WeightedLoss
from twostage_hdr.radiometry.quantities import EncodedRGB, PerImage
from twostage_hdr.training.optimisation import without_autocast

SoftLabels: TypeAlias = tuple[torch.Generator | Tensor | None, tuple[int, int]]
"""Where the discriminator's soft labels come from: `generator` and `share` of `AdversarialLoss.discriminator`."""

GLOBAL_LABELS: SoftLabels = (None, (0, 1))
"""From PyTorch's global generator, for one process."""


class GANLosses(NamedTuple):
    """The losses of the generator and of the discriminator for one batch, computed from the same weights."""

    generator: Tensor
    """To be differentiated; its value has no meaning (see `EnhancementObjective`): log `generator_value`."""
    generator_value: Tensor
    discriminator: Tensor | None
    terms: dict[str, Tensor]
    """Unweighted terms of the generator's loss, detached."""


class EnhancementObjective(nn.Module):
    """L_I = L1(I_E, I_8) + (1 - SSIM(I_E, I_8)) + 1e-3 BCE(D(I_E), 1) in the paper [sharif2021twostage].

    I_E is stage I's image, I_8 the 8-bit reference, D the discriminator, which learns BCE(D(I_8), 1) + BCE(D(I_E), 0)
    with soft labels in place of 1 and 0.

    The discriminator's forward pass on the generated image is computed once and used for both losses: the gradient of
    the adversarial term is taken with respect to that image alone, and enters the generator's loss as a linear term
    with this gradient. So the generator and the discriminator are updated from the same weights.

    Args:
        reconstruction: weighted terms between the enhanced image and the 8-bit reference.
        adversarial: losses on the discriminator's logits.
        adversarial_weight: 1e-3 in the paper; 0 leaves the discriminator out.
    """

    def __init__(
        self, *, reconstruction: WeightedLoss, adversarial: AdversarialLoss, adversarial_weight: float = 1e-3
    ) -> None:
        super().__init__()
        self.reconstruction = reconstruction
        self.adversarial = adversarial
        self.adversarial_weight = adversarial_weight

    def forward(
        self,
        enhanced: EncodedRGB,
        reference8: EncodedRGB,
        discriminator: nn.Module | None,
        labels: SoftLabels = GLOBAL_LABELS,
    ) -> GANLosses:
        """Both losses of a batch, in float32; only the discriminator itself runs under autocast."""
        with without_autocast(enhanced):
            total, terms = self.reconstruction(enhanced, reference8)
        if discriminator is None or self.adversarial_weight == 0:
            return GANLosses(total, total.detach(), None, terms)
        fake = enhanced.detach().requires_grad_()
        fake_logit = _at_least_float32(discriminator(fake))
        adversarial = self.adversarial.generator(fake_logit)
        (gradient,) = torch.autograd.grad(self.adversarial_weight * adversarial, fake, retain_graph=True)
        real_logit = _at_least_float32(discriminator(reference8))
        discriminator_loss = self.adversarial.discriminator(real_logit, fake_logit, *labels)
        terms = terms | {"adversarial": adversarial.detach()}
        value = total.detach() + self.adversarial_weight * adversarial.detach()
        return GANLosses(total + (enhanced * gradient).sum(), value, discriminator_loss, terms)


def _at_least_float32(logits: PerImage) -> PerImage:
    return logits.to(torch.promote_types(logits.dtype, torch.float32))
