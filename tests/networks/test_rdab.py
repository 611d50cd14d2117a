import torch

from twostage_hdr.networks.rdab import RDAB


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
