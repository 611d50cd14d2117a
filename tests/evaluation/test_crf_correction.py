import colour
import numpy as np
import pytest
import torch

from twostage_hdr.evaluation import crf_correction
from twostage_hdr.evaluation.crf_correction import correct_response

XYZ = np.array([[0.412424, 0.357579, 0.180464], [0.212656, 0.715158, 0.072186], [0.019332, 0.119193, 0.950444]])


def scene(seed: int = 0, size: tuple[int, int] = (24, 30)) -> torch.Tensor:
    """Colours of 1 to 1000 cd/m^2, none of them saturated."""
    generator = torch.Generator().manual_seed(seed)
    grey = 10 ** (3 * torch.rand(1, *size, generator=generator))
    return grey * (0.6 + 0.4 * torch.rand(3, *size, generator=generator))


def luminance_and_uv(rgb: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    xyz = np.moveaxis(rgb.double().numpy(), 0, -1).reshape(-1, 3) @ XYZ.T
    return xyz[:, 1], colour.xy_to_Luv_uv(colour.XYZ_to_xy(xyz))


def test_an_image_corrected_towards_itself_stays_itself() -> None:
    image = scene()
    assert torch.allclose(correct_response(image, image), image, rtol=1e-4)


def test_a_tone_curve_that_is_a_cubic_in_pq_is_undone() -> None:
    reference = scene(1)
    tested = luminance_and_uv(reference)[0]
    # The wanted image is an exact cubic of the test image's PQ values, pixel by pixel, at the same chromaticity.
    code = colour.models.eotf_inverse_ST2084(tested)
    wanted = colour.models.eotf_ST2084(0.05 + 0.5 * code + 0.3 * code**2 + 0.1 * code**3)
    target = reference * torch.from_numpy(wanted / tested).reshape(1, *reference.shape[1:]).float()
    corrected = correct_response(reference, target)
    assert torch.allclose(corrected, target, rtol=2e-3)


def test_luminance_is_numpys_cubic_fit_in_pq_values() -> None:
    test, reference = scene(2), scene(2) ** 0.7 * 3 + scene(3) * 0.2
    codes = [colour.models.eotf_inverse_ST2084(luminance_and_uv(image)[0]) for image in (test, reference)]
    expected = colour.models.eotf_ST2084(np.polyval(np.polyfit(*codes, 3), codes[0]))
    measured = crf_correction._correct_luminance(
        torch.from_numpy(luminance_and_uv(test)[0])[None], torch.from_numpy(luminance_and_uv(reference)[0])[None]
    )
    np.testing.assert_allclose(measured[0].numpy(), expected, rtol=1e-5)


def test_colour_is_the_ridge_regression_of_an_augmented_least_squares_problem() -> None:
    test, reference = (luminance_and_uv(scene(seed))[1].T * 410 / 255 for seed in (4, 5))
    u, v = test
    design = np.stack([u**3, v**3, u**2, v**2, u * v, u, v, np.ones_like(u)], axis=1)
    root = np.sqrt(0.01 * len(u) / 8)
    identity = np.zeros((8, 2))
    identity[5, 0] = identity[6, 1] = 1
    stacked = np.concatenate([design, root * np.eye(8)]), np.concatenate([reference.T, root * identity])
    weights = np.linalg.lstsq(*stacked, rcond=None)[0]
    measured = crf_correction._correct_chroma(torch.from_numpy(test), torch.from_numpy(reference))
    np.testing.assert_allclose(measured.numpy(), (design @ weights).T, rtol=1e-8)


def test_chromaticities_agree_with_colour_science_and_come_back() -> None:
    image = scene(6).double()
    luv = crf_correction._to_luv(image)
    luminance, uv = luminance_and_uv(image)
    np.testing.assert_allclose(luv[0].numpy(), luminance, rtol=1e-10)
    np.testing.assert_allclose(luv[1:].numpy().T * 255 / 410, uv, rtol=1e-10)
    assert torch.allclose(crf_correction._to_rgb(luv).reshape(image.shape), image, rtol=1e-8)


@pytest.mark.parametrize("level", [0.0, 50.0, 40_000.0])
def test_a_flat_image_gives_finite_values(level: float) -> None:
    flat = torch.full((3, 8, 8), level)
    assert torch.isfinite(correct_response(flat, scene(0, (8, 8)))).all()
    assert torch.isfinite(correct_response(scene(0, (8, 8)), flat)).all()
