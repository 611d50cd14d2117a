"""Limits that hold for every operator, with the values that the formulas give there."""

from typing import Any

import pytest
import torch
from torch import Tensor

from tests.refusal import refusal_of
from twostage_hdr.expansion.all_operators import ALL_OPERATORS, Operator
from twostage_hdr.expansion.luminance_expansion import ldr_frame

PEAK, WHITE, GAMMA = 2000.0, 200.0, 2.24
GREY = 0.5**GAMMA  # linear luminance of encoded 0.5
GREY_LIGHTNESS = 1.16 * GREY ** (1 / 3) - 0.16

FLAT_GREY = {  # cd/m^2 of an even, unclipped grey of encoded 0.5
    "landis2002": WHITE * GREY,
    "akyuz2007": PEAK * GREY,
    "masia2009": PEAK * GREY,
    "masia2017": PEAK * GREY,
    "banterle2006": PEAK,  # its brightest pixel is its reference
    "rempel2007": (PEAK / 4 - 0.3) * GREY + 0.3,
    "kovaleski2014": ((PEAK - 0.3) * GREY + 0.3) / 4,
    "huo2013": 2 ** (1 / 0.86) * PEAK * GREY,
    "kuo2012": PEAK * GREY / (30 * (1 - GREY) + GREY),
    "bist2017": PEAK * GREY ** (1 + torch.tensor(1 / GREY_LIGHTNESS).log10().item()),
    "didyk2008": WHITE * GREY,
    "wang2007": WHITE * GREY,
}

ALL_WHITE = dict.fromkeys(FLAT_GREY, PEAK) | {
    "huo2013": 2 ** (1 / 0.86) * PEAK,
    "didyk2008": WHITE,  # as large as the image: a diffuse surface
    "wang2007": WHITE,  # no surroundings from which to extrapolate
}

every_operator = pytest.mark.parametrize("name", ALL_OPERATORS)


def _photograph(height: int = 45, width: int = 61) -> Tensor:
    """A sky gradient, dark ground with texture and colour, a clipped lamp."""
    generator = torch.Generator().manual_seed(3)
    image = torch.linspace(0.9, 0.3, height)[:, None].repeat(3, 1, width) * torch.tensor([0.8, 0.9, 1.0])[:, None, None]
    image[:, height // 2 :] = 0.3 * torch.rand(3, height - height // 2, width, generator=generator)
    image[:, 5:12, 32:39] = 1.0
    image[:, -3:, :5] = 0.0
    return image


def _luminance(rgb: Tensor) -> Tensor:
    return (rgb * torch.tensor([0.2126, 0.7152, 0.0722])[:, None, None]).sum(-3)


def test_the_table_of_expected_values_names_every_operator() -> None:
    assert set(FLAT_GREY) == set(ALL_OPERATORS)


def test_a_name_is_the_function_and_the_citation() -> None:
    assert all(op.citation == name == op.function.__name__ for name, op in ALL_OPERATORS.items())  # type: ignore[attr-defined]


def test_only_bist_2017_is_unverified() -> None:
    assert [name for name, op in ALL_OPERATORS.items() if op.unverified] == ["bist2017"]


@every_operator
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (37, 53), (64, 64)])
def test_an_even_unclipped_image_stays_even_at_the_formulas_luminance(name: str, size: tuple[int, int]) -> None:
    out = ALL_OPERATORS[name](torch.full((3, *size), 0.5))
    assert out.std(correction=0) <= 1e-5 * out.mean()
    torch.testing.assert_close(out, torch.full_like(out, FLAT_GREY[name]), rtol=1e-4, atol=1e-4)


@every_operator
def test_an_image_clipped_everywhere_comes_out_at_its_stated_luminance(name: str) -> None:
    out = ALL_OPERATORS[name](torch.ones(3, 40, 50))
    torch.testing.assert_close(out, torch.full_like(out, ALL_WHITE[name]), rtol=1e-4, atol=1e-4)


@every_operator
def test_black_stays_black(name: str) -> None:
    assert torch.equal(ALL_OPERATORS[name](torch.zeros(3, 20, 30)), torch.zeros(3, 20, 30))
    photograph = _photograph()
    assert ALL_OPERATORS[name](photograph)[:, (photograph == 0).all(0)].abs().max() == 0


@every_operator
@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 1), (3, 5), (1, 40)])
def test_tiny_images_give_finite_non_negative_light(name: str, size: tuple[int, int]) -> None:
    for image in (torch.zeros(3, *size), torch.ones(3, *size), torch.rand(3, *size)):
        out = ALL_OPERATORS[name](image)
        assert out.shape == image.shape
        assert out.isfinite().all()
        assert (out >= 0).all()


@every_operator
def test_chromaticity_is_kept(name: str) -> None:
    linear, out = _photograph() ** GAMMA, ALL_OPERATORS[name](_photograph())
    torch.testing.assert_close(out * _luminance(linear), linear * _luminance(out), rtol=1e-4, atol=1e-5)


@every_operator
def test_a_batch_is_expanded_image_by_image(name: str) -> None:
    images = torch.stack([_photograph(), _photograph().flip(-1) * 0.7, torch.rand(3, 45, 61)])
    one_by_one = torch.stack([ALL_OPERATORS[name](image) for image in images])
    torch.testing.assert_close(ALL_OPERATORS[name](images), one_by_one, rtol=1e-5, atol=1e-4)


@every_operator
def test_clipped_light_comes_out_brighter_than_the_white_of_the_ldr_frame(name: str) -> None:
    out = _luminance(ALL_OPERATORS[name](_photograph()))
    assert out[8, 35] > WHITE


@every_operator
def test_luminances_scale_with_white_and_peak_together(name: str) -> None:
    operator = ALL_OPERATORS[name]
    settings: dict[str, Any] = {"black_level": 0.0} if name in ("rempel2007", "kovaleski2014") else {}
    dim = operator.function(ldr_frame(_photograph(), white=1.0, max_output=10.0), **settings)
    bright = operator.function(ldr_frame(_photograph(), white=200.0, max_output=2000.0), **settings)
    torch.testing.assert_close(200 * dim, bright, rtol=1e-4, atol=1e-3)


@every_operator
def test_the_default_peak_is_ten_times_white(name: str) -> None:
    operator = ALL_OPERATORS[name]
    assert torch.equal(operator(_photograph(), white=100.0), operator(_photograph(), white=100.0, max_output=1000.0))


@pytest.mark.parametrize("name", ["landis2002", "akyuz2007", "masia2017", "bist2017"])
def test_global_operators_are_monotone_and_end_at_the_peak(name: str) -> None:
    ramp = torch.linspace(0, 1, 256).expand(3, 8, 256)
    out = ALL_OPERATORS[name](ramp, max_output=1234.0)
    assert (out.diff(dim=-1) >= 0).all()
    torch.testing.assert_close(out.max(), torch.tensor(1234.0))


@pytest.mark.parametrize("value", [-0.1, 1.5, float("nan")])
def test_values_that_are_not_ldr_are_refused(value: float) -> None:
    image = torch.full((3, 4, 4), 0.5)
    image[0, 0, 0] = value
    with refusal_of("ldr", value, "[0, 1]"):
        ALL_OPERATORS["landis2002"](image)


@pytest.mark.parametrize("setting", [{"white": 0.0}, {"max_output": -1.0}, {"gamma": 0.0}])
def test_settings_without_meaning_are_refused(setting: dict[str, float]) -> None:
    operator: Operator = ALL_OPERATORS["akyuz2007"]
    with refusal_of(*next(iter(setting.items()))):
        operator(torch.rand(3, 4, 4), **setting)


@pytest.mark.slow
@every_operator
def test_a_film_frame_is_expanded(name: str) -> None:
    out = ALL_OPERATORS[name](_photograph(1060, 1900))
    assert out.isfinite().all()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@every_operator
def test_the_device_does_not_change_the_result(name: str) -> None:
    out = ALL_OPERATORS[name](_photograph().cuda())
    torch.testing.assert_close(out.cpu(), ALL_OPERATORS[name](_photograph()), rtol=1e-3, atol=1e-2)
