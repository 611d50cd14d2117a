import numpy as np
import pytest
from skimage.data import astronaut

from twostage_hdr.data.inspection.bit_depth import has_eight_bit_content


@pytest.mark.parametrize("stretch", [1, 257, 256])
def test_a_picture_stretched_from_eight_bits_is_seen(stretch: int) -> None:
    assert has_eight_bit_content(astronaut().astype(np.uint16) * stretch)
    assert has_eight_bit_content((astronaut() / 255).astype(np.float32))


def test_sixteen_bits_of_noise_or_of_a_ramp_are_not() -> None:
    rng = np.random.default_rng(0)
    assert not has_eight_bit_content(rng.integers(0, 65536, (80, 80, 3), dtype=np.uint16))
    ramp = np.arange(128 * 128, dtype=np.uint16).reshape(128, 128, 1).repeat(3, axis=2)
    assert not has_eight_bit_content(ramp)


def test_small_and_constant_images_prove_nothing() -> None:
    assert not has_eight_bit_content(astronaut()[:60, :60])
    assert not has_eight_bit_content(np.zeros((100, 100, 3), np.uint16))
