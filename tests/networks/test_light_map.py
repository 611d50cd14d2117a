import pytest
import torch

from twostage_hdr.networks.light_map import CELLS, LightMap, at_quantile, light_rows


def test_the_level_of_a_known_quantile_is_itself_and_linear_between() -> None:
    levels = torch.tensor([1.0, 2.0, 4.0]).view(1, 3, 1, 1)
    given = [float(at_quantile(levels, quantile)) for quantile in (0.1, 0.3, 0.5, 0.7, 0.9)]
    assert given == pytest.approx([1.0, 1.5, 2.0, 3.0, 4.0])


def test_what_is_not_clipped_takes_no_part_in_how_bright_a_window_is() -> None:
    """Half of the canvas says 3, the other -5 but is not clipped: at the border of both the window stays at 3."""
    value = torch.full((1, 3, CELLS, CELLS), -5.0)
    value[..., : CELLS // 2] = 3.0
    share = torch.zeros(1, 2, CELLS, CELLS)
    share[:, 0, :, : CELLS // 2] = 1.0
    nothing = torch.zeros_like(value)
    lights = LightMap(whole=value, partly=value, colour=nothing, partly_colour=nothing, share=share)
    (light,) = light_rows(lights, torch.ones(1, 3, 64, 64), (0.5,), top=0, height=64)
    torch.testing.assert_close(light[..., :32], torch.full((1, 3, 64, 32), 3.0), rtol=0, atol=1e-3)
