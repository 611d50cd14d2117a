"""The colour difference against its authors' table, scikit-image and the limits where it has no derivative."""

from pathlib import Path

import colour
import numpy as np
import pytest
import torch
from skimage.color import deltaE_ciede2000, rgb2lab
from torch import Tensor

from twostage_hdr.radiometry.ciede2000 import ciede2000, encoded_to_lab

TABLE = np.loadtxt(Path(__file__).parents[1] / "oracles" / "ciede2000_sharma2005.csv", delimiter=",", skiprows=1)


def _map(rows: np.ndarray, dtype: torch.dtype = torch.float64) -> Tensor:
    """(N, 3) colours as an image (3, N, 1)."""
    return torch.tensor(rows, dtype=dtype).T[:, :, None]


def test_the_published_table_is_the_one_that_scikit_image_reproduces() -> None:
    assert TABLE.shape == (34, 7)
    np.testing.assert_allclose(deltaE_ciede2000(TABLE[:, :3], TABLE[:, 3:6]), TABLE[:, 6], atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("swapped", [False, True])
def test_agrees_with_the_34_published_pairs_either_way_round(dtype: torch.dtype, swapped: bool) -> None:
    first, second = (TABLE[:, 3:6], TABLE[:, :3]) if swapped else (TABLE[:, :3], TABLE[:, 3:6])
    difference = ciede2000(_map(first, dtype), _map(second, dtype))
    assert difference.shape == (1, 34, 1)
    assert difference.dtype == dtype
    np.testing.assert_allclose(difference.flatten().numpy(), TABLE[:, 6], atol=1e-4)


def _random_lab(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.uniform([0, -120, -120], [130, 120, 120], (count, 3))


def test_agrees_with_scikit_image_on_random_pairs() -> None:
    rng = np.random.default_rng(1)
    first, second = _random_lab(rng, 20_000), _random_lab(rng, 20_000)
    expected = deltaE_ciede2000(first, second)
    np.testing.assert_allclose(ciede2000(_map(first), _map(second)).flatten().numpy(), expected, atol=1e-9)
    single = ciede2000(_map(first, torch.float32), _map(second, torch.float32)).flatten().numpy()
    np.testing.assert_allclose(single, expected, atol=2e-3)


def test_agrees_with_scikit_image_on_near_pairs_and_greys() -> None:
    rng = np.random.default_rng(2)
    first = _random_lab(rng, 5_000)
    first[::3, 1:] *= 1e-3
    second = first + rng.normal(0, 0.5, first.shape)
    second[::5, 1:] = 0
    expected = deltaE_ciede2000(first, second)
    np.testing.assert_allclose(ciede2000(_map(first), _map(second)).flatten().numpy(), expected, atol=1e-9)


def test_keeps_leading_dimensions_and_one_channel() -> None:
    lab = torch.rand(2, 4, 3, 1, 5) * 50
    assert ciede2000(lab, lab.flip(0)).shape == (2, 4, 1, 1, 5)


def test_gradients_are_those_of_finite_differences_at_regular_colours() -> None:
    rng = np.random.default_rng(3)
    first, second = _random_lab(rng, 200), _random_lab(rng, 200)
    hue = np.degrees(np.arctan2(first[:, 2], first[:, 1]) - np.arctan2(second[:, 2], second[:, 1])) % 360
    regular = (np.abs(hue - 180) > 5) & (np.hypot(*first[:, 1:].T) > 5) & (np.hypot(*second[:, 1:].T) > 5)
    a = _map(first[regular][:40]).requires_grad_()
    b = _map(second[regular][:40]).requires_grad_()
    assert torch.autograd.gradcheck(ciede2000, (a, b))


def _gradient(first: Tensor, second: Tensor) -> Tensor:
    first, second = first.clone().requires_grad_(), second.clone().requires_grad_()
    ciede2000(first, second).sum().backward()
    assert first.grad is not None
    assert second.grad is not None
    return torch.stack([first.grad, second.grad])


SINGULAR = {
    "equal colours": ([40.0, 20.0, -30.0], [40.0, 20.0, -30.0]),
    "equal greys": ([50.0, 0.0, 0.0], [50.0, 0.0, 0.0]),
    "unequal greys": ([50.0, 0.0, 0.0], [70.0, 0.0, 0.0]),
    "grey and colour": ([50.0, 0.0, 0.0], [50.0, 10.0, -60.0]),
    "two blacks": ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
    "black and colour": ([0.0, 0.0, 0.0], [60.0, -30.0, 20.0]),
    "opposite hues": ([50.0, 30.0, 40.0], [50.0, -30.0, -40.0]),
    "opposite hues on an axis": ([50.0, 30.0, 0.0], [50.0, -30.0, 0.0]),
    "only b differs from grey": ([50.0, 0.0, 0.0], [50.0, 0.0, 1e-30]),
    "chroma that underflows when squared": ([50.0, 1e-22, 1e-22], [50.0, 3.0, -60.0]),
    "blue hue beside almost grey": ([50.0, 1e-18, -1e-18], [50.0, 3.0, -60.0]),
    "almost equal": ([50.0, 10.0, 10.0], [50.0, 10.0, 10.000001]),
    "far above white": ([1500.0, 900.0, -2500.0], [1200.0, 2000.0, 1200.0]),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", SINGULAR)
def test_gradients_are_finite_where_the_formula_has_none(name: str, dtype: torch.dtype) -> None:
    first, second = (torch.tensor(colour, dtype=dtype)[:, None, None] for colour in SINGULAR[name])
    assert torch.isfinite(_gradient(first, second)).all()
    assert torch.isfinite(ciede2000(first, second)).all()


def test_the_gradient_of_lightness_survives_at_greys() -> None:
    first, second = torch.tensor([50.0, 0, 0])[:, None, None], torch.tensor([70.0, 0, 0])[:, None, None]
    gradient = _gradient(first, second)
    assert gradient[0, 0] < 0 < gradient[1, 0]


@pytest.mark.parametrize("level", [0.0, 1e-7, 0.04045, 0.5, 1.0, 1.0001, 10.0])
def test_gradients_with_respect_to_encoded_greys_are_finite(level: float) -> None:
    values = torch.full((1, 3, 2, 2), level, requires_grad=True)
    reference = torch.rand(1, 3, 2, 2)
    reference[..., 0] = level
    ciede2000(encoded_to_lab(values), encoded_to_lab(reference)).mean().backward()
    assert values.grad is not None
    assert torch.isfinite(values.grad).all()
    assert values.grad[..., 1].abs().sum() > 0


def test_descending_the_gradient_makes_colours_equal() -> None:
    target = torch.rand(1, 3, 8, 8)
    image = torch.rand(1, 3, 8, 8).requires_grad_()
    optimiser = torch.optim.Adam([image], lr=0.01)
    start = ciede2000(encoded_to_lab(image), encoded_to_lab(target)).mean().item()
    for _ in range(150):
        optimiser.zero_grad()
        difference = ciede2000(encoded_to_lab(image), encoded_to_lab(target)).mean()
        difference.backward()
        optimiser.step()
    assert difference.item() < start / 10


def test_agrees_with_scikit_image_from_black_to_white() -> None:
    rgb = torch.rand(3, 40, 50, dtype=torch.float64)
    rgb[:, 0] = 0
    rgb[:, 1] = 1
    rgb[:, 2] = torch.linspace(0, 0.1, 50)
    expected = rgb2lab(rgb.permute(1, 2, 0).numpy(), illuminant="D65", observer="2")
    np.testing.assert_allclose(encoded_to_lab(rgb).permute(1, 2, 0).numpy(), expected, atol=1e-9)


def test_values_above_one_are_not_clipped_and_agree_with_colour_science() -> None:
    rgb = 1 + 9 * torch.rand(3, 30, 30, dtype=torch.float64)
    linear = ((rgb.permute(1, 2, 0).numpy() + 0.055) / 1.055) ** 2.4
    xyz = linear @ np.array(colour.RGB_COLOURSPACES["sRGB"].matrix_RGB_to_XYZ).T
    expected = colour.XYZ_to_Lab(xyz, colour.CCS_ILLUMINANTS["CIE 1931 2 Degree Standard Observer"]["D65"])
    ours = encoded_to_lab(rgb).permute(1, 2, 0).numpy()
    assert ours[..., 0].min() > 100
    np.testing.assert_allclose(ours, expected, atol=0.5)
    np.testing.assert_allclose(ours[..., 0], expected[..., 0], rtol=2e-4)


def test_keeps_leading_dimensions() -> None:
    rgb = torch.rand(2, 5, 3, 1, 4)
    # A power differs in its last digit between the vectorised values of an image and the rest; a* is 500 times that.
    torch.testing.assert_close(encoded_to_lab(rgb)[1, 2], encoded_to_lab(rgb[1, 2]), rtol=0, atol=1e-4)


@pytest.mark.parametrize("value", [0.0, -0.055, -0.5, 1e-30, 0.04045, 0.008856, 1.0, 1.5, 10.0, 100.0])
def test_gradients_are_finite_everywhere(value: float) -> None:
    rgb = torch.full((3, 1, 1), value, requires_grad=True)
    lab = encoded_to_lab(rgb)
    gradients = [torch.autograd.grad(channel.sum(), rgb, retain_graph=True)[0] for channel in lab]
    assert torch.isfinite(torch.stack(gradients)).all()
    assert torch.stack(gradients).abs().sum() > 0


def test_autocast_does_not_lower_the_precision() -> None:
    rgb = torch.rand(1, 3, 8, 8)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = encoded_to_lab(rgb)
    torch.testing.assert_close(inside, encoded_to_lab(rgb), rtol=0, atol=0)
