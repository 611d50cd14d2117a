"""SSIM of PU21-encoded luminance [mantiuk2021pu21, wang2004ssim]."""

from kornia.metrics import ssim

from twostage_hdr.metrics.per_image import PerImageMetric
from twostage_hdr.radiometry.gamma import decode_gamma
from twostage_hdr.radiometry.luminance import luminance
from twostage_hdr.radiometry.photometry import PU21_PEAK, WHITE
from twostage_hdr.radiometry.pu21 import pu21_encode
from twostage_hdr.radiometry.quantities import EncodedRGB, PerImage

WINDOW = 11
"""Side of the Gaussian window (sigma 1.5), px [wang2004ssim]."""


def pu21_ssim(prediction: EncodedRGB, reference: EncodedRGB, *, white: float = WHITE) -> PerImage:
    """Mean SSIM between the PU21 values of two luminance images, over the windows that lie wholly in the image.

    Args:
        prediction: encoded RGB (B, 3, H, W), >= 0.
        reference: encoded RGB of the same shape.
        white: luminance of linear 1.0, cd/m^2.

    Returns:
        One number per image, at most 1. The window shrinks to the largest odd side that fits a smaller image.
    """
    images = [pu21_encode(luminance(decode_gamma(image)) * white) for image in (prediction, reference)]
    side = min(WINDOW, *prediction.shape[-2:])
    window = side if side % 2 else side - 1
    return ssim(images[0], images[1], window, max_val=PU21_PEAK, eps=0.0, padding="valid").mean(dim=(1, 2, 3))


class PU21SSIM(PerImageMetric):
    """Mean of `pu21_ssim` over images."""

    higher_is_better = True
    title = "PU21-SSIM"
    unit = ""
    digits = 4
    score = staticmethod(pu21_ssim)
