import torch
from torch import Tensor
from torch.nn import functional as F

from twostage_hdr.inference.winograd.layout import from_blocks, to_blocks
from twostage_hdr.inference.winograd.tile import gate_of_blocks
from twostage_hdr.inference.winograd.weights import transform_weights
from twostage_hdr.networks.rdab import RDAB


def test_the_gate_of_phases_is_the_7x7_convolution() -> None:
    block = RDAB(features=4, growth=2)
    assert block.attention is not None
    gate = gate_of_blocks(block.attention.gate.weight)
    pooled = torch.randn(20, 24, 2)
    blocks = to_blocks(pooled).transpose(0, 1).reshape(1, 32, 5, 6)
    ours = from_blocks(F.conv2d(blocks, gate, padding=1).view(16, 1, 5, 6), 24)
    expected = block.attention.gate(pooled.permute(2, 0, 1)[None])[0, 0]
    torch.testing.assert_close(ours[..., 0], expected, atol=1e-5, rtol=0)


def test_a_block_without_attention_has_no_gate() -> None:
    transformed = transform_weights(RDAB(features=4, growth=2, attention=False), Tensor.float)
    assert transformed.gate is None
    assert transformed.attention is None
    convs = [*transformed.growing, transformed.last]
    assert [tuple(conv.weight.shape[1:]) for conv in convs] == [(2, 4), (2, 6), (2, 8), (2, 10), (4, 12)]
    assert (transformed.features, transformed.growth) == (4, 2)


def test_folding_leaves_the_block_as_it_was() -> None:
    block = RDAB(features=4, growth=2)
    before = [parameter.clone() for parameter in block.parameters()]
    transform_weights(block, Tensor.float)
    assert all(torch.equal(old, new) for old, new in zip(before, block.parameters(), strict=True))
