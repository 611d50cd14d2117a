import pytest
import torch

from twostage_hdr.errors import InputError
from twostage_hdr.inference.reconstruct import load_reconstructor
from twostage_hdr.networks.multi_shot import FrameAttention, MultiShotNetwork
from twostage_hdr.networks.rdab import RDAB
from twostage_hdr.networks.two_stage import TwoStageNetwork


def test_the_papers_blocks_are_unchanged() -> None:
    ours, papers = MultiShotNetwork(), TwoStageNetwork()
    blocks = [[part for part in network.modules() if isinstance(part, RDAB)] for network in (ours, papers)]
    assert [str(block) for block in blocks[0]] == [str(block) for block in blocks[1]]
    assert [block.dense.residual_factor for block in blocks[0]] == [block.dense.residual_factor for block in blocks[1]]
    # The six-channel stem, the attention and the merging convolution are all that is added.
    added = 3 * 64 * 9 + (128 * 64 * 9 + 64) + (64 * 64 * 9 + 64) + (192 * 64 * 9 + 64)
    assert sum(p.numel() for p in ours.parameters()) - sum(p.numel() for p in papers.parameters()) == added


@pytest.mark.parametrize(("frames", "height", "width"), [(2, 1, 1), (3, 9, 7), (5, 16, 5)])
def test_any_number_of_frames_and_size_gives_one_image(frames: int, height: int, width: int) -> None:
    network = MultiShotNetwork(frames=frames, features=8, growth=4)
    assert network(torch.rand(2, frames, 2, 3, height, width)).shape == (2, 3, height, width)


def test_where_attention_is_zero_a_frame_does_not_count() -> None:
    network = MultiShotNetwork(features=8, growth=4).eval()
    attention = network.enhancement.attention
    with torch.no_grad():
        attention.conv2.weight.zero_()
        attention.conv2.bias.fill_(-1e4)
    stack = torch.rand(1, 3, 2, 3, 8, 8)
    other = stack.clone()
    other[:, 1:] = torch.rand(1, 2, 2, 3, 8, 8)
    torch.testing.assert_close(network(other), network(stack))


def test_attention_lies_between_none_and_all() -> None:
    seen = FrameAttention(features=8)(torch.randn(1, 8, 6, 6), torch.randn(1, 8, 6, 6))
    assert ((seen > 0) & (seen < 1)).all()


def test_detached_stage_two_does_not_train_stage_one() -> None:
    network = MultiShotNetwork(features=8, growth=4)
    network.stages(torch.rand(1, 3, 2, 3, 8, 8), detach=True).hdr.sum().backward()
    assert all(parameter.grad is None for parameter in network.enhancement.parameters())
    assert all(parameter.grad is not None for parameter in network.tone_mapping.parameters())


def test_a_single_photograph_is_refused_in_a_line() -> None:
    with pytest.raises(InputError, match="takes several exposures"):
        load_reconstructor(MultiShotNetwork(features=8, growth=4))
