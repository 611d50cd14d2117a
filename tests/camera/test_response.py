import numpy as np
import pytest
import torch

from tests.refusal import refusal_of
from twostage_hdr.camera.response import GammaResponse, SigmoidResponse

RAMP = torch.linspace(0, 1, 256).expand(3, 4, 256)


def test_the_gamma_response_is_a_power_law() -> None:
    encoded = GammaResponse(gamma=2.0)(RAMP, np.random.default_rng(0))
    np.testing.assert_allclose(encoded.numpy(), np.sqrt(RAMP.numpy()), atol=1e-6)


def test_without_spread_the_sigmoid_has_its_closed_form() -> None:
    response = SigmoidResponse(n_mean=1.0, n_std=0.0, s_mean=1.0, s_std=0.0)
    x = RAMP.numpy()
    np.testing.assert_allclose(response(RAMP, np.random.default_rng(0)).numpy(), 2 * x / (x + 1), atol=1e-6)


@pytest.mark.parametrize("spread", [0.1, 3.0])
def test_every_drawn_sigmoid_rises_from_0_to_1(spread: float) -> None:
    response = SigmoidResponse(n_std=spread, s_std=spread)
    rng = np.random.default_rng(0)
    for _ in range(100):
        curve = response(RAMP, rng)[0, 0]
        assert float(curve[0]) == 0.0
        assert float(curve[-1]) == pytest.approx(1.0, abs=1e-6)
        assert bool((curve.diff() >= 0).all())


def test_each_capture_has_its_own_sigmoid() -> None:
    response, rng = SigmoidResponse(), np.random.default_rng(0)
    mid_greys = [float(response(torch.full((3, 1, 1), 0.2), rng)[0, 0, 0]) for _ in range(200)]
    # n = .9, s = .6 in closed form; a tenth of spread in n and s gives about .04 here.
    assert np.median(mid_greys) == pytest.approx(1.6 * 0.2**0.9 / (0.2**0.9 + 0.6), abs=0.02)
    assert 0.02 < np.std(mid_greys) < 0.08


def test_impossible_curves_are_refused() -> None:
    with refusal_of("camera.response", "gamma=0"):
        GammaResponse(gamma=0.0)
    with refusal_of("camera.response", "s=-0.6"):
        SigmoidResponse(s_mean=-0.6)
