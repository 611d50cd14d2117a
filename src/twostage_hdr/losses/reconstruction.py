"""The reconstruction loss of both stages."""

from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.radiometry.quantities import EncodedRGB


class L1Loss(nn.Module):
    """mean |prediction - target| on encoded values [sharif2021twostage]."""

    def forward(self, prediction: EncodedRGB, target: EncodedRGB) -> Float[Tensor, ""]:
        """Scalar >= 0, in encoded units (1.0 = clipping point of the LDR frame)."""
        return (prediction - target).abs().mean()
