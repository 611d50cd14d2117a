"""Correction of the camera response, so that a metric sees lost structure and not a different tone curve.

Single-image reconstruction cannot know the camera's response; metrics that punish a smooth change of tone rank methods
otherwise than people do. Hanji et al. therefore fit, per image, a smooth map from the result's to the reference's tones
and colours, and score what is left [hanji2022sihdr]; [eilertsen2021cheat] shows what uncorrected
metrics reward. The published constants are kept.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from twostage_hdr.radiometry.pq import pq_decode, pq_encode
from twostage_hdr.radiometry.quantities import LinearRGB

DEGREE = 3
"""Degree of both polynomials."""

CHROMA_RIDGE = 0.01
"""Weight of the pull towards "no change of colour", per pixel and coefficient."""

CHROMA_SCALE = 410 / 255
"""Factor on u' and v'; with the ridge it sets how freely colours may move."""

FLOOR = 0.005
"""Lowest luminance, cd/m^2; results, and the scaled u'v', stay at or above it."""

XYZ_FLOOR = 1e-4
"""Lowest tristimulus value, so that black has a chromaticity."""

RGB_TO_XYZ = torch.tensor(
    [[0.412424, 0.357579, 0.180464], [0.212656, 0.715158, 0.072186], [0.019332, 0.119193, 0.950444]],
    dtype=torch.float64,
)
"""Rec. 709 primaries, D65, with the digits of the benchmark."""


def correct_response(test: LinearRGB, reference: LinearRGB) -> LinearRGB:
    """The test image with its tones and colours mapped as close to the reference's as a smooth curve can.

    Luminance: a cubic in PQ values, least squares. Colour: a joint cubic in (u', v') with ridge `0.01 N / 8` towards
    the identity, N pixels and 8 coefficients. The fits run in double precision. Luminances are cut at PQ's
    10,000 cd/m^2, where the PU21 metrics end too (the published program lets them run on).

    Args:
        test: linear RGB (3, H, W) in cd/m^2 per channel (white: R = G = B = its luminance).
        reference: of the same shape.

    Returns:
        The corrected test image in cd/m^2, >= 0.
    """
    tested = _to_luv(test.double().clamp(min=FLOOR))
    wanted = _to_luv(reference.double().clamp(min=FLOOR))
    corrected = torch.cat([_correct_luminance(tested[:1], wanted[:1]), _correct_chroma(tested[1:], wanted[1:])])
    return _to_rgb(corrected).reshape(test.shape).to(test.dtype)


def _correct_luminance(test: Float[Tensor, "1 n"], reference: Float[Tensor, "1 n"]) -> Float[Tensor, "1 n"]:
    encoded, wanted = pq_encode(test), pq_encode(reference)
    design = torch.stack([encoded[0] ** power for power in range(DEGREE + 1)], dim=1)
    fitted = design @ torch.linalg.lstsq(design, wanted[0, :, None], driver="gelsd").solution
    floor = float(pq_encode(torch.tensor(FLOOR, dtype=torch.float64)))
    return pq_decode(fitted.T.clamp(floor, 1.0))


def _correct_chroma(test: Float[Tensor, "2 n"], reference: Float[Tensor, "2 n"]) -> Float[Tensor, "2 n"]:
    u, v = test
    design = torch.stack([u, v, torch.ones_like(u), u * v, u**2, v**2, u**3, v**3], dim=1)
    count, coefficients = design.shape
    identity = torch.zeros(coefficients, 2, dtype=torch.float64)
    identity[0, 0] = identity[1, 1] = 1.0
    ridge = CHROMA_RIDGE * count / coefficients
    gram = design.T @ design + ridge * torch.eye(coefficients, dtype=torch.float64)
    weights = torch.linalg.solve(gram, design.T @ reference.T + ridge * identity)
    return (design @ weights).T.clamp(min=FLOOR)


def _to_luv(rgb: Float[Tensor, "3 height width"]) -> Float[Tensor, "3 n"]:
    """Luminance and scaled u'v' (CIE 1976) of linear RGB, pixels in one row."""
    x, y, z = (RGB_TO_XYZ @ rgb.reshape(3, -1)).clamp(min=XYZ_FLOOR)
    denominator = x + 15 * y + 3 * z
    return torch.stack([y, CHROMA_SCALE * 4 * x / denominator, CHROMA_SCALE * 9 * y / denominator])


def _to_rgb(luv: Float[Tensor, "3 n"]) -> Float[Tensor, "3 n"]:
    y, u, v = luv[0], luv[1] / CHROMA_SCALE, luv[2] / CHROMA_SCALE
    x = y * 9 * u / (4 * v)
    z = y * (12 - 3 * u - 20 * v) / (4 * v)
    xyz = torch.stack([x, y, z]).clamp(min=XYZ_FLOOR)
    return (torch.linalg.inv(RGB_TO_XYZ) @ xyz).clamp(min=0)
