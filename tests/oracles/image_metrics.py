"""The metrics once more, in NumPy float64 on single HxWx3 images, written from their equations alone."""

import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.metrics import structural_similarity

Image = NDArray[np.float64]


def psnr(result: Image, reference: Image) -> float:
    error = (reference - result) / reference.max()
    return float(-10 * np.log10(np.mean(error**2)))


def tone_mapped(result: Image, reference: Image) -> tuple[Image, Image]:
    x, r = np.maximum(result, 0) ** 2.24, reference**2.24
    n = np.percentile(r, 99)
    curve = [np.log(1 + 5000 * np.tanh(z / n)) / np.log(5001) for z in (x, r)]
    return curve[0], curve[1]


def mu_psnr(result: Image, reference: Image) -> float:
    x, r = tone_mapped(result, reference)
    return float(-10 * np.log10(np.mean((r - x) ** 2)))


def pu21(luminance: Image) -> Image:
    p = [0.353487901, 0.3734658629, 8.277049286e-05, 0.9062562627, 0.09150303166, 0.9099517204, 596.3148142]
    y = np.clip(luminance, 0.005, 10000) ** p[3]
    return np.maximum(p[6] * (((p[0] + p[1] * y) / (1 + p[2] * y)) ** p[4] - p[5]), 0)


def pu21_psnr(result: Image, reference: Image, white: float) -> float:
    error = pu21(white * np.maximum(result, 0) ** 2.24) - pu21(white * reference**2.24)
    return float(10 * np.log10(256**2 / np.mean(error**2)))


def encoded_ssim(result: Image, reference: Image) -> float:
    return float(
        structural_similarity(
            result,
            reference,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            data_range=1.0,
            channel_axis=2,
        )
    )


def ssim(result: Image, reference: Image) -> float:
    return encoded_ssim(*tone_mapped(result, reference))


def encoded_delta_e(result: Image, reference: Image) -> float:
    return float(np.mean(deltaE_ciede2000(rgb2lab(result), rgb2lab(reference))))


def delta_e(result: Image, reference: Image) -> float:
    return encoded_delta_e(*tone_mapped(result, reference))
