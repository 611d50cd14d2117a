"""Structural similarity as a loss: one scale, and Wang's five [wang2004ssim, wang2003msssim]."""

from functools import cache
from typing import Literal

import torch
from jaxtyping import Float
from kornia.filters import filter2d_separable, get_gaussian_kernel1d
from torch import Tensor, nn
from torch.nn import functional as F

from twostage_hdr.radiometry.quantities import EncodedRGB, PerImage

WINDOW = 11
"""Side of the Gaussian window in pixels [wang2004ssim]."""
SIGMA = 1.5
"""Standard deviation of the Gaussian window in pixels [wang2004ssim]."""
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the five scales, finest first; they sum to 1 [wang2003msssim]."""
TERM_FLOOR = 1e-4
"""Smallest contrast-structure or SSIM mean that enters a power: below it the term has neither root nor slope."""


class SSIMLoss(nn.Module):
    """1 - mean SSIM (11x11, sigma 1.5, data range 1) of encoded images [wang2004ssim].

    The window shrinks to the largest odd side that fits into a smaller image. Borders are reflected, so that every
    pixel of a training crop counts. Twice `kornia.losses.SSIMLoss`.
    """

    def forward(self, prediction: EncodedRGB, target: EncodedRGB) -> Float[Tensor, ""]:
        """Scalar in [0, 2] from (B, 3, H, W) each; 0 for equal images."""
        contrast_structure, luminance = _maps(_at_least_float32(prediction), _at_least_float32(target), "same")
        return 1 - (luminance * contrast_structure).mean()


class MSSSIMLoss(nn.Module):
    """1 - MS-SSIM, MS-SSIM = prod_{j<5} cs_j^{w_j} * ssim_5^{w_5}, of encoded images [wang2003msssim].

    cs_j is an image's mean contrast-structure term at scale j (each a 2x2 mean of the finer one), ssim_5 its mean SSIM
    at the coarsest. As in the published training code the window shrinks to the image at coarse scales; unlike there
    the coarsest scale enters once, not four times. A mean below 1e-4 (anticorrelated images) counts as 1e-4 and
    passes no gradient, so that no negative number is raised to a fraction.

    Args:
        mapped: put each mean x in as (x + 1) / 2, as the published training code does: between 0 and 1 whatever the
            images, and half as steep.
    """

    def __init__(self, *, mapped: bool = False) -> None:
        super().__init__()
        self.mapped = mapped

    def forward(self, prediction: EncodedRGB, target: EncodedRGB) -> Float[Tensor, ""]:
        """Scalar in [0, 1] from (B, 3, H, W) each; 0 for equal images."""
        prediction, target = _at_least_float32(prediction), _at_least_float32(target)
        similarity = prediction.new_ones(prediction.shape[0])
        for weight in SCALE_WEIGHTS[:-1]:
            contrast_structure, _ = structural_terms(prediction, target)  # (B,)
            similarity = similarity * self._base(contrast_structure) ** weight
            prediction, target = _halved(prediction), _halved(target)  # (B, 3, H / 2, W / 2)
        _, coarsest = structural_terms(prediction, target)  # (B,)
        similarity = similarity * self._base(coarsest) ** SCALE_WEIGHTS[-1]
        return 1 - similarity.mean()

    def _base(self, term: PerImage) -> PerImage:
        """What is raised to the scale's power."""
        return ((term + 1) / 2 if self.mapped else term).clamp(min=TERM_FLOOR)


def structural_terms(prediction: EncodedRGB, target: EncodedRGB) -> tuple[PerImage, PerImage]:
    """An image's mean contrast-structure term and mean SSIM, windows inside the image only, data range 1."""
    contrast_structure, luminance = _maps(prediction, target, "valid")
    return contrast_structure.mean(dim=(1, 2, 3)), (luminance * contrast_structure).mean(dim=(1, 2, 3))


def _maps(prediction: EncodedRGB, target: EncodedRGB, padding: Literal["same", "valid"]) -> tuple[Tensor, Tensor]:
    """The contrast-structure term and the luminance term at every pixel, data range 1."""
    c1, c2 = 0.01**2, 0.03**2  # [wang2004ssim]
    mean_p, mean_t = _blurred(prediction, padding), _blurred(target, padding)
    variance_p = _blurred(prediction**2, padding) - mean_p**2
    variance_t = _blurred(target**2, padding) - mean_t**2
    covariance = _blurred(prediction * target, padding) - mean_p * mean_t
    contrast_structure = (2 * covariance + c2) / (variance_p + variance_t + c2)
    return contrast_structure, (2 * mean_p * mean_t + c1) / (mean_p**2 + mean_t**2 + c1)


def _blurred(image: EncodedRGB, padding: Literal["same", "valid"]) -> Float[Tensor, "*batch 3 rows columns"]:
    """The Gaussian mean of each window: "valid" inside the image only, "same" also beyond its reflected borders."""
    side = min(WINDOW, image.shape[-2], image.shape[-1])
    kernel = _gaussian(side - 1 + side % 2, image.device, image.dtype)  # the largest odd side that fits into the image
    with torch.autocast(device_type=image.device.type, enabled=False):
        return filter2d_separable(image, kernel, kernel, padding=padding)


@cache
def _gaussian(window: int, device: torch.device, dtype: torch.dtype) -> Float[Tensor, "1 taps"]:
    """The window's weights, made once: numbers of the host that go to a graphics card make the host wait for it."""
    with torch.inference_mode(False):
        return get_gaussian_kernel1d(window, SIGMA, device=device, dtype=dtype)


def _halved(image: EncodedRGB) -> Float[Tensor, "*batch 3 rows columns"]:
    """2x2 means; an odd last row or column is dropped, a single one kept."""
    return F.avg_pool2d(image, (min(2, image.shape[-2]), min(2, image.shape[-1])))


def _at_least_float32(image: EncodedRGB) -> EncodedRGB:
    """Half-precision variances are differences of nearly equal numbers: nothing of them would be left."""
    return image.float() if image.dtype in (torch.float16, torch.bfloat16) else image
