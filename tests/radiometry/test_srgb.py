"""The sRGB curve against colour-science, its inverse and its limits."""

import colour
import numpy as np
import pytest
import torch

from twostage_hdr.radiometry.srgb import srgb_decode, srgb_encode

LINEAR = np.concatenate([np.linspace(0, 0.01, 101), np.linspace(0.01, 4, 200)])


def test_encoding_is_that_of_colour_science() -> None:
    expected = colour.models.eotf_inverse_sRGB(LINEAR)
    np.testing.assert_allclose(srgb_encode(torch.from_numpy(LINEAR)), expected, rtol=1e-12, atol=1e-14)


def test_decoding_is_that_of_colour_science() -> None:
    encoded = np.linspace(0, 1.5, 500)
    expected = colour.models.eotf_sRGB(encoded)
    # Its breakpoint is the encoded 0.0031308, ours the standard's rounded 0.04045: the two differ by 3e-8 between them.
    np.testing.assert_allclose(srgb_decode(torch.from_numpy(encoded)), expected, rtol=1e-6, atol=1e-14)


def test_decoding_undoes_encoding() -> None:
    linear = torch.from_numpy(LINEAR)
    torch.testing.assert_close(srgb_decode(srgb_encode(linear)), linear, rtol=1e-6, atol=1e-8)


def test_white_and_black_stay() -> None:
    ends = torch.tensor([0.0, 1.0], dtype=torch.float64)
    torch.testing.assert_close(srgb_encode(ends), ends)
    torch.testing.assert_close(srgb_decode(ends), ends)


@pytest.mark.parametrize("curve", [srgb_encode, srgb_decode])
def test_gradients_are_finite_below_zero_and_at_the_joint(curve) -> None:
    values = torch.tensor([-1.0, 0.0, 0.0031308, 0.04045, 1.0], dtype=torch.float64, requires_grad=True)
    curve(values).sum().backward()
    assert values.grad is not None
    assert torch.isfinite(values.grad).all()
    assert (values.grad > 0).all()
