import pytest
import torch

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
