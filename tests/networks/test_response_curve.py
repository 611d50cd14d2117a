import colour
import numpy as np
import pytest
import torch

from twostage_hdr.networks.response_curve import ResponseCurve, curve_of, gamma_curve, srgb_curve

RAMP = torch.linspace(0, 1, 1001).expand(1, 3, 1, 1001)


def test_srgb_is_a_member_to_the_rounding_of_its_constants() -> None:
    ours = srgb_curve().linear(RAMP)[0, 0, 0].numpy()
    np.testing.assert_allclose(ours, colour.models.eotf_sRGB(RAMP[0, 0, 0].double().numpy()), atol=2e-6)


@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.24, 2.6])
def test_gammas_are_members(gamma: float) -> None:
    torch.testing.assert_close(gamma_curve(gamma).linear(RAMP), RAMP**gamma)


def test_the_inverse_of_a_sigmoid_is_a_member() -> None:
    n, s = 0.9, 0.6
    encoded = (1 + s) * RAMP**n / (RAMP**n + s)
    curve = ResponseCurve(*(torch.tensor([value]) for value in (1 / n, 0.0, 1 / s, 0.0)))
    torch.testing.assert_close(curve.linear(encoded), RAMP, rtol=0, atol=1e-6)


def test_every_curve_rises_from_0_to_1() -> None:
    numbers = 4 * torch.randn(300, 4, generator=torch.Generator().manual_seed(0))
    curves = curve_of(numbers).linear(RAMP.expand(300, 3, 1, 1001))
    assert bool((curves.diff(dim=-1) >= 0).all())
    assert bool((curves[..., 0] == 0).all())
    torch.testing.assert_close(curves[..., -1], torch.ones(300, 3, 1))


def test_zeros_are_nearly_gamma_2_24() -> None:
    torch.testing.assert_close(curve_of(torch.zeros(1, 4)).encoded(RAMP), RAMP, rtol=0, atol=0.003)


def test_black_is_re_encoded_to_black_with_finite_gradients() -> None:
    numbers = torch.zeros(1, 4, requires_grad=True)
    image = torch.zeros(1, 3, 2, 2)
    encoded = curve_of(numbers).encoded(image)
    encoded.sum().backward()
    assert float(encoded.detach().max()) < 1e-7
    assert numbers.grad is not None
    assert bool(torch.isfinite(numbers.grad).all())
