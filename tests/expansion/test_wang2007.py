import pytest
import torch

from twostage_hdr.errors import InputError
from twostage_hdr.expansion.luminance_expansion import ldr_frame
from twostage_hdr.expansion.wang2007 import wang2007


def _glow(
    height: int = 120, width: int = 160, peak: float = 6.0, sigmas: tuple[float, float] = (14.0, 22.0)
) -> torch.Tensor:
    """An elliptical Gaussian light that rises above white, (1, H, W)."""
    y, x = torch.meshgrid(torch.arange(height) - 60.0, torch.arange(width) - 80.0, indexing="ij")
    return peak * torch.exp(-0.5 * ((y / sigmas[0]) ** 2 + (x / sigmas[1]) ** 2))[None]


@pytest.mark.parametrize("sigmas", [(18.0, 18.0), (14.0, 22.0)])
def test_a_clipped_elliptical_gaussian_is_recovered(sigmas: tuple[float, float]) -> None:
    truth = _glow(sigmas=sigmas)
    out = wang2007(
        ldr_frame(truth.clamp(max=1).expand(3, -1, -1), gamma=1.0, white=1.0, max_output=10.0), threshold=0.9999
    )
    torch.testing.assert_close(out, truth.expand(3, -1, -1), rtol=0.03, atol=1e-3)


def test_a_lobe_stops_at_the_peak() -> None:
    image = _glow(peak=50.0).clamp(max=1).expand(3, -1, -1)
    out = wang2007(ldr_frame(image, gamma=1.0, white=1.0, max_output=10.0))
    torch.testing.assert_close(out.max(), torch.tensor(10.0))


def test_a_clipped_area_in_even_surroundings_stays_white() -> None:
    image = torch.full((3, 60, 60), 0.4)
    image[:, 20:40, 20:40] = 1.0
    torch.testing.assert_close(wang2007(ldr_frame(image, gamma=1.0, white=100.0)), 100 * image)


def test_what_lies_outside_the_users_region_is_left_alone() -> None:
    image = _glow().clamp(max=1).expand(3, -1, -1)
    nothing = torch.zeros(1, 120, 160, dtype=torch.bool)
    torch.testing.assert_close(wang2007(ldr_frame(image, gamma=1.0, white=100.0), region=nothing), 100 * image)


def test_the_strokes_texture_appears_in_the_region_and_its_mean_does_not() -> None:
    image = torch.full((3, 80, 160), 0.3)
    image[:, :, :60] *= torch.tensor([0.95, 1 / 0.95]).repeat(30)  # fine stripes, of log mean 0
    image[:, 30:50, 100:140] = 1.0
    stroke = torch.zeros(1, 80, 160, dtype=torch.bool)
    stroke[:, 20:60, 10:50] = True
    out = wang2007(ldr_frame(image, gamma=1.0, white=100.0), texture_source=stroke)[0, 30:50, 100:140]
    torch.testing.assert_close(out.log().mean().exp().item(), 100.0, rtol=0.01, atol=0)
    torch.testing.assert_close((out.max() / out.min()).item(), 1 / 0.95**2, rtol=0.02, atol=0)


def test_a_stroke_of_another_size_is_refused() -> None:
    with pytest.raises(InputError, match="texture_source"):
        wang2007(ldr_frame(torch.rand(3, 8, 8)), texture_source=torch.ones(1, 4, 4, dtype=torch.bool))
