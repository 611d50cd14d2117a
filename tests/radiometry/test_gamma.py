"""The encoding against its closed form and its limits."""

import numpy as np
import pytest
import torch

from twostage_hdr.radiometry.gamma import HDM_GAMMA, decode_gamma, encode_gamma


def test_known_values_of_the_2_24_encoding() -> None:
    encoded = torch.tensor([0.0, 0.5, 1.0, 10.0], dtype=torch.float64)[None, None].expand(3, 1, 4)
    expected = [0, 2**-2.24, 1, 173.78008287493754]
    np.testing.assert_allclose(decode_gamma(encoded)[0, 0], expected, rtol=1e-12)
    assert HDM_GAMMA == 2.24


@pytest.mark.parametrize("gamma", [1.0, 2.2, 2.24])
def test_decoding_undoes_encoding(gamma: float) -> None:
    linear = 200 * torch.rand(2, 3, 4, 5, dtype=torch.float64)
    torch.testing.assert_close(decode_gamma(encode_gamma(linear, gamma), gamma), linear)


def test_one_stop_is_the_same_factor_at_every_level() -> None:
    linear = torch.rand(3, 4, 5, dtype=torch.float64) + 0.01
    ratio = encode_gamma(2 * linear) / encode_gamma(linear)
    np.testing.assert_allclose(ratio, 2 ** (1 / 2.24), rtol=1e-12)


def test_negative_values_are_black() -> None:
    negative = torch.full((3, 1, 1), -0.2)
    assert decode_gamma(negative).eq(0).all()
    assert encode_gamma(negative).eq(0).all()
