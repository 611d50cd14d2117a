import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.ndimage import shift as move
from skimage.data import astronaut

from twostage_hdr.data.inspection.agreement import find_shift, fit_response, is_shifted, response_problem

PICTURE = astronaut().astype(np.float64)[:300, :400] / 255


@pytest.mark.parametrize(("down", "right"), [(0, 0), (3, 0), (0, -5), (2.5, 4)])
def test_a_shift_is_measured_in_pixels_with_its_direction(down: float, right: float) -> None:
    frame = move(PICTURE, (down, right, 0), order=3, mode="nearest").clip(0, 1)
    found = find_shift(PICTURE, frame)
    assert (found.down, found.right) == pytest.approx((down, right), abs=0.4)
    assert is_shifted(found) == ((down, right) != (0, 0))


def test_noise_and_another_exposure_are_no_shift() -> None:
    rng = np.random.default_rng(0)
    frame = (0.6 * PICTURE + rng.normal(0, 0.03, PICTURE.shape)).clip(0, 1)
    assert not is_shifted(find_shift(PICTURE, frame))


def test_a_soft_picture_is_not_suspected() -> None:
    soft = gaussian_filter(PICTURE, (40, 40, 0))
    rng = np.random.default_rng(0)
    assert not is_shifted(find_shift(soft, (soft + rng.normal(0, 0.004, soft.shape)).clip(0, 1)))


FRAME = astronaut().astype(np.float32)[::2, ::2] / 255


@pytest.mark.parametrize(("slope", "gain"), [(1.0, 1.0), (2.24, 1.0), (1.0, 2.0), (0.5, 1.3)])
def test_a_power_law_is_found_again(slope: float, gain: float) -> None:
    reference = (FRAME / gain) ** (1 / slope)
    fit = fit_response(reference, FRAME)
    assert fit is not None
    assert fit.slope == pytest.approx(slope, rel=1e-3)
    assert fit.correlation == pytest.approx(1, abs=1e-4)
    if slope == 1:
        assert fit.ratio == pytest.approx(gain, rel=1e-4)


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        (FRAME, None),
        (FRAME * 1.2, None),
        (FRAME**2.24, "different curves"),
        (FRAME * 2, "different exposures"),
        (FRAME[::-1], "do not belong together"),
    ],
)
def test_what_is_wrong_is_said(reference: np.ndarray, said: str | None) -> None:
    fit = fit_response(np.ascontiguousarray(reference), FRAME)
    assert fit is not None
    problem = response_problem(fit)
    assert (problem is None) if said is None else (problem is not None and said in problem)


def test_black_clipped_and_flat_pictures_prove_nothing() -> None:
    for frame in (np.zeros((9, 9, 3)), np.ones((9, 9, 3)), np.full((9, 9, 3), 0.5)):
        assert fit_response(np.ones((9, 9, 3)), frame) is None
