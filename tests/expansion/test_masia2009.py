import torch

from twostage_hdr.expansion.image_key import image_key
from twostage_hdr.expansion.masia2009 import masia2009


def _over_exposed() -> torch.Tensor:
    """Mostly bright with a few dark columns: a key of about 0.9."""
    values = torch.full((1, 200), 0.8)
    values[:, :10] = 0.01
    return values.expand(3, 4, 200)


def test_a_bright_image_gets_the_gamma_of_the_fit() -> None:
    image = _over_exposed()
    g = 10.44 * image_key(image[:1]).item() - 6.282
    assert g > 2
    out = masia2009(image, gamma=1.0, max_output=1000.0)
    # far from the edge base and image agree
    torch.testing.assert_close(out[:, :, 150], torch.full((3, 4), 1000 * 0.8**g), rtol=1e-3, atol=0)


def test_a_dark_image_is_stretched_linearly_and_not_turned_into_its_negative() -> None:
    image = 1 - 0.95 * _over_exposed()
    assert 10.44 * image_key(image[:1]).item() - 6.282 < 0
    torch.testing.assert_close(masia2009(image, gamma=1.0, max_output=1000.0), 1000 * image, rtol=1e-4, atol=1e-3)
