import pytest
import torch
from torch import Tensor

from twostage_hdr.expansion.bilateral import cross_bilateral


def _direct(values: Tensor, guide: Tensor, sigma_space: float, sigma_range: float) -> Tensor:
    """The filter's definition, every pixel with every other, in float64."""
    height, width = values.shape[-2:]
    place = torch.cartesian_prod(torch.arange(height), torch.arange(width)).double()
    level = guide.double().flatten()
    exponent = torch.cdist(place, place) ** 2 / sigma_space**2 + (level[:, None] - level) ** 2 / sigma_range**2
    weight = torch.exp(-exponent / 2)
    return ((weight @ values.double().flatten()) / weight.sum(1)).reshape(values.shape).float()


def _guide() -> Tensor:
    """Waves and an edge, 0..1."""
    y, x = torch.meshgrid(torch.linspace(0, 6, 36), torch.linspace(0, 9, 48), indexing="ij")
    guide = 0.25 + 0.2 * torch.sin(x) * torch.cos(y)
    guide[:, 24:] += 0.4
    return guide[None]


@pytest.mark.parametrize(
    ("sigma_space", "sigma_range"), [(1.0, 0.1), (3.0, 0.1), (8.0, 0.3), (32.0, 0.01), (150.0, 0.1)]
)
def test_the_grid_agrees_with_the_direct_sum(sigma_space: float, sigma_range: float) -> None:
    guide = _guide()
    for values, tolerance in ((guide, 0.006), ((guide > 0.6).float(), 0.015)):
        fast = cross_bilateral(values, guide, sigma_space=sigma_space, sigma_range=sigma_range)
        torch.testing.assert_close(fast, _direct(values, guide, sigma_space, sigma_range), rtol=0, atol=tolerance)


def test_an_edge_of_many_sigmas_is_not_crossed() -> None:
    guide = torch.zeros(1, 20, 20)
    guide[..., 10:] = 1
    out = cross_bilateral(guide, guide, sigma_space=5.0, sigma_range=0.05)
    torch.testing.assert_close(out, guide, rtol=0, atol=1e-6)


def test_constant_values_are_kept_whatever_the_guide() -> None:
    out = cross_bilateral(torch.full((2, 1, 17, 23), 0.3), torch.rand(2, 1, 17, 23), sigma_space=4.0, sigma_range=0.1)
    torch.testing.assert_close(out, torch.full((2, 1, 17, 23), 0.3))
