import pytest
import torch

from tests.refusal import refusal_of
from twostage_hdr.expansion.didyk2008 import REFLECTION_SHARE, didyk2008
from twostage_hdr.expansion.luminance_expansion import ldr_frame


def _scene() -> torch.Tensor:
    """A glint of one pixel, a lamp of 10x10 and a wall of half the image, all clipped, on grey; 100x100."""
    image = torch.full((3, 100, 100), 0.5)
    image[:, 5, 5] = 1.0
    image[:, 20:30, 20:30] = 1.0
    image[:, :, 50:] = 1.0
    return image


def _levels(out: torch.Tensor) -> list[float]:
    return [out[0, y, x].item() for y, x in ((60, 10), (5, 5), (25, 25), (50, 80))]


def test_size_tells_glint_lamp_and_wall_apart() -> None:
    out = didyk2008(ldr_frame(_scene(), gamma=1.0, white=100.0, max_output=1100.0))
    assert _levels(out) == pytest.approx([50, 100 + REFLECTION_SHARE * 1000, 1100, 100])


def test_the_boost_rises_without_a_step_into_a_lamp() -> None:
    ramp = torch.full((3, 100, 400), 0.5)
    ramp[:, 4:6] = torch.linspace(0.8, 1.0, 400)
    out = didyk2008(ldr_frame(ramp, gamma=1.0, white=100.0, max_output=1100.0))[0, 4]
    assert (out.diff() >= 0).all()
    assert out.diff().max() < 20


def test_a_boost_that_begins_above_the_clipping_point_is_refused() -> None:
    with refusal_of("rising_from", 1.0, "clipped_from"):
        didyk2008(ldr_frame(_scene()), rising_from=1.0)
