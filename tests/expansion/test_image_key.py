import numpy as np
import torch

from twostage_hdr.expansion.image_key import image_key


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
