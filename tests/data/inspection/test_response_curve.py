import numpy as np
import pytest
from skimage.data import astronaut

from twostage_hdr.data.inspection.response_curve import fit_response, response_problem

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
