"""Stage I's game: an enhancement network against a discriminator."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from twostage_hdr.losses.adversarial import AdversarialLoss
from twostage_hdr.losses.weighted import WeightedLoss
from twostage_hdr.radiometry.quantities import EncodedRGB, PerImage
from twostage_hdr.training.optimisation import without_autocast


class LabelDraw(NamedTuple):
    """Where the discriminator's soft labels come from, see `AdversarialLoss.discriminator`."""

    generator: torch.Generator | None = None
    share: tuple[int, int] = (0, 1)


GLOBAL_DRAW = LabelDraw()
"""Labels from PyTorch's global generator, one process."""


class Turn(NamedTuple):
    """Both players' losses of one batch, computed from the same weights."""

    generator: Tensor
    """Its gradient is the generator's; its value is meaningless (see `EnhancementObjective`): log `generator_value`."""
    generator_value: Tensor
    discriminator: Tensor | None
    parts: dict[str, Tensor]


class EnhancementObjective(nn.Module):
    """L_I = reconstruction terms + weight * adversarial term [sharif2021twostage].

    The discriminator sees the fake once a turn. Its forward is shared: the generator's part of the gradient is taken
    with respect to the fake image alone, and enters the generator's loss as a linear term with that gradient; the
    discriminator's own loss uses the same logits. Both players therefore move from the same point.

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
        labels: LabelDraw = GLOBAL_DRAW,
    ) -> Turn:
        """The losses of both players for a batch, in float32; the discriminator's network takes part in autocast."""
        with without_autocast(enhanced):
            total, parts = self.reconstruction(enhanced, reference8)
        if discriminator is None or self.adversarial_weight == 0:
            return Turn(total, total.detach(), None, parts)
        fake = enhanced.detach().requires_grad_()
        fake_logit = _at_least_float32(discriminator(fake))
        adversarial = self.adversarial.generator(fake_logit)
        (pull,) = torch.autograd.grad(self.adversarial_weight * adversarial, fake, retain_graph=True)
        real_logit = _at_least_float32(discriminator(reference8))
        discriminator_loss = self.adversarial.discriminator(real_logit, fake_logit, labels.generator, labels.share)
        parts = parts | {"adversarial": adversarial.detach()}
        value = total.detach() + self.adversarial_weight * adversarial.detach()
        return Turn(total + (enhanced * pull).sum(), value, discriminator_loss, parts)


def _at_least_float32(logits: PerImage) -> PerImage:
    return logits.to(torch.promote_types(logits.dtype, torch.float32))
