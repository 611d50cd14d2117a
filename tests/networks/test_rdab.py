import numpy as np
import pytest
import torch
from scipy.signal import correlate2d
from torch import nn

from twostage_hdr.networks.rdab import RDAB, ResidualDenseBlock, SpatialAttention


def test_the_block_is_the_sum_of_its_two_paths() -> None:
    block = RDAB(features=8, growth=4, residual_factor=0.5)
    x = torch.randn(2, 8, 7, 9)
    assert block.attention is not None
    torch.testing.assert_close(block(x), block.dense(x) + block.attention(x))


def test_without_attention_only_the_residual_dense_block_is_left() -> None:
    block = RDAB(features=8, growth=4, attention=False)
    x = torch.randn(2, 8, 7, 9)
    assert not any("attention" in name for name, _ in block.named_parameters())
    torch.testing.assert_close(block(x), block.dense(x))


def test_with_silent_convolutions_only_the_two_skips_are_left() -> None:
    block = ResidualDenseBlock(features=8, growth=4)
    for parameter in block.parameters():
        nn.init.zeros_(parameter)
    x = torch.randn(2, 8, 5, 6)
    torch.testing.assert_close(block(x), 1.8 * x)


@pytest.mark.parametrize("residual_factor", [0.2, 0.5])
def test_the_last_convolution_enters_with_the_residual_factor_and_without_activation(residual_factor: float) -> None:
    block = ResidualDenseBlock(features=8, growth=4, residual_factor=residual_factor)
    for parameter in block.parameters():
        nn.init.zeros_(parameter)
    nn.init.constant_(block.conv5.bias, -3.0)
    x = torch.randn(1, 8, 3, 3)
    torch.testing.assert_close(block(x), 1.8 * x - 0.8 * residual_factor * 3.0)


def test_every_convolution_sees_all_that_came_before_it() -> None:
    block = ResidualDenseBlock(features=64, growth=32)
    inputs = [conv.in_channels for conv in (block.conv1, block.conv2, block.conv3, block.conv4, block.conv5)]
    assert inputs == [64, 96, 128, 160, 192]
    assert sum(p.numel() for p in block.parameters()) == 239_808  # sum of 9 in out + out


def test_a_silent_gate_halves_the_convolution() -> None:
    attention = SpatialAttention(features=4)
    nn.init.zeros_(attention.gate.weight)
    x = torch.randn(2, 4, 6, 5)
    torch.testing.assert_close(attention(x), 0.5 * attention.conv(x))


def test_the_gate_is_the_logistic_of_a_correlation_of_channel_mean_and_maximum() -> None:
    attention = SpatialAttention(features=3)
    nn.init.zeros_(attention.conv.weight)
    nn.init.ones_(attention.conv.bias)
    x = torch.randn(1, 3, 9, 10)
    mean, peak = x[0].numpy().mean(axis=0), x[0].numpy().max(axis=0)
    kernels = attention.gate.weight[0].detach().numpy()
    score = correlate2d(mean, kernels[0], mode="same") + correlate2d(peak, kernels[1], mode="same")
    expected = np.broadcast_to(1 / (1 + np.exp(-score)), (1, 3, 9, 10))
    np.testing.assert_allclose(attention(x).detach().numpy(), expected, atol=1e-6)


def test_the_gate_has_no_bias() -> None:
    assert sum(p.numel() for p in SpatialAttention(features=64).parameters()) == 2 * 49 + 9 * 64 * 64 + 64
