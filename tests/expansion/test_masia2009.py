import numpy as np
import torch

from twostage_hdr.expansion.luminance_expansion import ldr_frame
from twostage_hdr.expansion.masia2009 import image_key, masia2009


def _over_exposed() -> torch.Tensor:
    """Mostly bright with a few dark columns: a key of about 0.9."""
    values = torch.full((1, 200), 0.8)
    values[:, :10] = 0.01
    return values.expand(3, 4, 200)


def test_a_bright_image_gets_the_gamma_of_the_fit() -> None:
    image = _over_exposed()
    g = 10.44 * image_key(image[:1]).item() - 6.282
    assert g > 2
    out = masia2009(ldr_frame(image, gamma=1.0, max_output=1000.0))
    # far from the edge base and image agree
    torch.testing.assert_close(out[:, :, 150], torch.full((3, 4), 1000 * 0.8**g), rtol=1e-3, atol=0)


def test_a_dark_image_is_stretched_linearly_and_not_turned_into_its_negative() -> None:
    image = 1 - 0.95 * _over_exposed()
    assert 10.44 * image_key(image[:1]).item() - 6.282 < 0
    torch.testing.assert_close(
        masia2009(ldr_frame(image, gamma=1.0, max_output=1000.0)), 1000 * image, rtol=1e-4, atol=1e-3
    )


def test_the_key_is_the_place_of_the_log_average_between_the_percentiles() -> None:
    L = torch.rand(2, 1, 30, 40) ** 3
    for image, key in zip(L.numpy(), image_key(L), strict=True):
        low, high = (np.log(np.percentile(image, q) + 1e-6) for q in (1, 99))
        expected = (np.log(image + 1e-6).mean() - low) / (high - low)
        np.testing.assert_allclose(key.item(), expected, rtol=1e-4)


def test_a_flat_image_has_no_key() -> None:
    assert image_key(torch.full((1, 6, 7), 0.4)).isnan().all()


def test_a_log_uniform_image_has_a_key_of_one_half() -> None:
    ramp = torch.logspace(-3, 0, 1001).reshape(1, 1, -1)
    torch.testing.assert_close(image_key(ramp).squeeze(), torch.tensor(0.5), rtol=0, atol=1e-3)
