"""FHDR's loss: L1 and VGG features after a mu-law, mean over the iterations [khan2019fhdr]."""

from pathlib import Path

from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.losses.baselines.vgg19 import optional_vgg19_distance
from twostage_hdr.radiometry.gamma import HDM_GAMMA, decode_gamma
from twostage_hdr.radiometry.mu_law import mu_law
from twostage_hdr.radiometry.photometry import REFERENCE_CAP

DEFAULT_PEAK = REFERENCE_CAP**HDM_GAMMA
"""Linear value, in units of LDR white, that the mu-law maps to 1: the cap of the references (encoded 10)."""


class FHDRLoss(nn.Module):
    """mean over iterations of mean |M(p / peak) - M(t / peak)| + w VGG19(M(p / peak), M(t / peak)), M the mu-law.

    Targets above the peak, which the network cannot reach, count as the peak.

    Args:
        peak: As the network's.
        perceptual_weight: w; 10 in the published code, whose features are weighted 1/32 .. 1.
        vgg19_weights: torchvision's VGG19 file (`.pth`) or Keras's (`.h5`); without it the second term is left out,
            with a warning.
    """

    def __init__(
        self, *, peak: float = DEFAULT_PEAK, perceptual_weight: float = 10.0, vgg19_weights: str | Path | None = None
    ) -> None:
        super().__init__()
        self.peak, self.perceptual_weight = peak, perceptual_weight
        self.perceptual = optional_vgg19_distance(vgg19_weights, loss="FHDR")

    def forward(
        self,
        prediction: Float[Tensor, "*iterations batch 3 height width"],
        target: Float[Tensor, "batch 3 height width"],
    ) -> Float[Tensor, ""]:
        """Scalar >= 0, in mu-law units.

        Args:
            prediction: Linear, 1.0 = LDR white, >= 0: every iteration's image, or one image.
            target: Encoded reference.
        """
        iterates = prediction.reshape(-1, *target.shape)
        mapped_target = mu_law((decode_gamma(target) / self.peak).clamp(max=1))
        total = prediction.new_zeros(())
        for iterate in iterates:
            mapped = mu_law(iterate / self.peak)
            total = total + (mapped - mapped_target).abs().mean()
            if self.perceptual is not None:
                total = total + self.perceptual_weight * self.perceptual(mapped, mapped_target)
        return total / len(iterates)
