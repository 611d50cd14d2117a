"""SSIM of PU21-encoded luminance [mantiuk2021pu21, wang2004ssim]."""

from twostage_hdr.metrics.per_image import PerImageMetric
from twostage_hdr.metrics.ssim import windowed_ssim
from twostage_hdr.radiometry.gamma import decode_gamma
from twostage_hdr.radiometry.luminance import luminance
from twostage_hdr.radiometry.photometry import PU21_PEAK, WHITE
from twostage_hdr.radiometry.pu21 import pu21_encode
from twostage_hdr.radiometry.quantities import EncodedRGB, PerImage


def pu21_ssim(prediction: EncodedRGB, reference: EncodedRGB, *, white: float = WHITE) -> PerImage:
    """Mean SSIM between the PU21 values of two luminance images, over the windows that lie wholly in the image.

    Args:
        prediction: encoded RGB (B, 3, H, W), >= 0.
        reference: encoded RGB of the same shape.
        white: luminance of linear 1.0, cd/m^2.

    Returns:
        One number per image, at most 1, see `windowed_ssim`.
    """
    images = [pu21_encode(luminance(decode_gamma(image)) * white) for image in (prediction, reference)]
    return windowed_ssim(images[0], images[1], peak=PU21_PEAK)


class PU21SSIM(PerImageMetric):
    """Mean of `pu21_ssim` over images."""

    higher_is_better = True
    title = "PU21-SSIM"
    digits = 4
    score = staticmethod(pu21_ssim)
