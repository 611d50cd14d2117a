import numpy as np
import torch

from twostage_hdr.camera.quantization import quantize_8bit


def test_every_level_of_a_byte_survives() -> None:
    levels = torch.arange(256, dtype=torch.uint8).expand(3, 2, 256).float() / 255
    assert torch.equal(quantize_8bit(levels), levels)


def test_rounding_agrees_with_numpy_and_is_off_by_half_a_level_at_most() -> None:
    values = torch.rand(3, 50, 50)
    rounded = quantize_8bit(values).numpy()
    np.testing.assert_array_equal(rounded, (np.rint(values.numpy() * np.float32(255)) / 255).astype(np.float32))
    assert np.abs(rounded - values.numpy()).max() <= 0.5 / 255 + 1e-7


def test_values_out_of_range_end_at_its_ends() -> None:
    out = quantize_8bit(torch.tensor([-3.0, 7.0]).expand(3, 1, 2))
    assert out[0].tolist() == [[0.0, 1.0]]
