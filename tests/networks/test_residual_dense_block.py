import pytest
import torch
from torch import nn

from twostage_hdr.networks.residual_dense_block import ResidualDenseBlock


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
