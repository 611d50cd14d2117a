"""HDRUNet's loss: L1 after a hyperbolic tangent [chen2021hdrunet]."""

from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.radiometry.quantities import EncodedRGB


class TanhL1Loss(nn.Module):
    """mean |tanh p - tanh t| on encoded values: highlights count less than what is below them."""

    def forward(self, prediction: EncodedRGB, target: EncodedRGB) -> Float[Tensor, ""]:
        """Scalar in [0, 2]. Both arguments encoded; the prediction may be negative."""
        return (prediction.tanh() - target.tanh()).abs().mean()
