"""The adversarial loss of stage I: cross-entropy with soft labels [sharif2021twostage]."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from twostage_hdr.radiometry.quantities import PerImage

REAL_LABELS = (0.7, 1.2)
"""Range of the uniform label of a real image [sharif2021twostage]."""
FAKE_LABELS = (0.0, 0.3)
"""Range of the uniform label of a generated image [sharif2021twostage]."""


class AdversarialLoss(nn.Module):
    """Binary cross-entropy on logits, BCE(z, t) = softplus(z) - t z, for generator and discriminator.

    Labels above 1 are as published: BCE(z, t > 1) falls without bound as z grows, but the mean label of a real image
    is 0.95, so the expected loss keeps its minimum, at z = ln(0.95 / 0.05).

    Args:
        real_labels: bounds of the uniform label drawn for each real image.
        fake_labels: bounds of the uniform label drawn for each generated image.
    """

    def __init__(
        self, *, real_labels: tuple[float, float] = REAL_LABELS, fake_labels: tuple[float, float] = FAKE_LABELS
    ) -> None:
        super().__init__()
        self.real_labels = (float(real_labels[0]), float(real_labels[1]))
        self.fake_labels = (float(fake_labels[0]), float(fake_labels[1]))

    def generator(self, fake_logit: PerImage) -> Float[Tensor, ""]:
        """The generator's loss: its images should be taken for real (label 1, not softened)."""
        return F.binary_cross_entropy_with_logits(fake_logit, torch.ones_like(fake_logit))

    def discriminator(
        self,
        real_logit: PerImage,
        fake_logit: PerImage,
        generator: torch.Generator | Tensor | None = None,
        share: tuple[int, int] = (0, 1),
    ) -> Float[Tensor, ""]:
        """The discriminator's loss: BCE of the real images + BCE of the generated ones.

        Args:
            real_logit: logits of real images, (B,).
            fake_logit: logits of generated images, detached from the generator by the caller, (B,).
            generator: source of the labels, on the CPU; the global one if None. Or the labels themselves, see `labels`.
            share: (rank, processes): labels are drawn for the batch of all processes, of which this one has each
                `processes`-th image, so that the number of processes changes no label.
        """
        if not isinstance(generator, Tensor):
            labels = self.labels(len(real_logit), generator, share)
            # From pinned memory the host need not wait for the copy.
            generator = (labels.pin_memory() if real_logit.is_cuda else labels).to(real_logit, non_blocking=True)
        real, fake = generator
        bce = F.binary_cross_entropy_with_logits
        return bce(real_logit, real) + bce(fake_logit, fake)

    def labels(self, count: int, generator: torch.Generator | None, share: tuple[int, int]) -> Float[Tensor, "2 count"]:
        """Uniform labels of real and of generated images, drawn on the CPU so that a seed means the same everywhere."""
        return torch.stack(
            [_labels(count, bounds, generator, share) for bounds in (self.real_labels, self.fake_labels)]
        )


def _labels(
    count: int, bounds: tuple[float, float], generator: torch.Generator | None, share: tuple[int, int]
) -> PerImage:
    low, high = bounds
    rank, processes = share
    return low + (high - low) * torch.rand(count * processes, generator=generator)[rank::processes]
