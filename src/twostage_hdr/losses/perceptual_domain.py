"""Distances in perceptual domains: encoded images are decoded to linear light, then compared as the eye would."""

from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.radiometry.gamma import decode_gamma
from twostage_hdr.radiometry.mu_law import MU, mu_law
from twostage_hdr.radiometry.photometry import PU21_PEAK, WHITE
from twostage_hdr.radiometry.pu21 import pu21_encode
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB


class DomainL1Loss(nn.Module):
    """mean |E(x) - E(y)| of linear light, E given by a subclass."""

    def encode(self, linear: LinearRGB) -> Float[Tensor, "..."]:
        """E of linear values, 1.0 = the clipping point of the LDR frame."""
        raise NotImplementedError

    def forward(self, prediction: EncodedRGB, target: EncodedRGB) -> Float[Tensor, ""]:
        """Scalar >= 0 from encoded images of one shape."""
        return (self.encode(decode_gamma(prediction)) - self.encode(decode_gamma(target))).abs().mean()


class MuLawL1Loss(DomainL1Loss):
    """mean |T(x) - T(y)|, T(x) = ln(1 + mu x / scale) / ln(1 + mu), on linear light.

    Args:
        mu: strength of the compression, dimensionless [ntire2021hdr].
        scale: relative linear light that T maps to 1; 1.0 is the clipping point of the LDR frame.
    """

    def __init__(self, *, mu: float = MU, scale: float = 1.0) -> None:
        super().__init__()
        self.mu = mu
        self.scale = scale

    def encode(self, linear: LinearRGB) -> Float[Tensor, "..."]:
        """T."""
        return mu_law(linear / self.scale, self.mu)


class PU21L1Loss(DomainL1Loss):
    """mean |V(white x) - V(white y)| / 256 with PU21's V, per colour channel of linear light [mantiuk2021pu21].

    V is flat outside 0.005 to 10,000 cd/m^2: with white = 200 the loss does not see what lies above 50 whites.

    Args:
        white: luminance of linear 1.0 in cd/m^2.
    """

    def __init__(self, *, white: float = WHITE) -> None:
        super().__init__()
        self.white = white

    def encode(self, linear: LinearRGB) -> Float[Tensor, "..."]:
        """V / 256."""
        return pu21_encode(self.white * linear) / PU21_PEAK


class PU21SquaredLoss(PU21L1Loss):
    """mean ((V(white x) - V(white y)) / 256)^2 with PU21's V: what PU21-PSNR is the logarithm of [mantiuk2021pu21].

    Beside an L1, which settles for the median and leaves lights dull, it asks for their mean.

    Args:
        white: luminance of linear 1.0 in cd/m^2.
    """

    def forward(self, prediction: EncodedRGB, target: EncodedRGB) -> Float[Tensor, ""]:
        """Scalar >= 0 from encoded images of one shape."""
        return (self.encode(decode_gamma(prediction)) - self.encode(decode_gamma(target))).square().mean()


class Log1pL1Loss(DomainL1Loss):
    """mean |ln(1 + gain x) - ln(1 + gain y)| on linear light.

    Args:
        gain: where the logarithm takes over from the straight line, in 1 / (relative linear light).
    """

    def __init__(self, *, gain: float = 5.0) -> None:
        super().__init__()
        self.gain = gain

    def encode(self, linear: LinearRGB) -> Float[Tensor, "..."]:
        """ln(1 + gain x)."""
        return (self.gain * linear).log1p()
