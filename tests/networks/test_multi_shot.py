import pytest
import torch

from tests.refusal import refusal_of
from twostage_hdr.inference.reconstruct import load_reconstructor
from twostage_hdr.networks.exposure_merge import merge_exposures
from twostage_hdr.networks.multi_shot import FrameAttention, MultiShotNetwork
from twostage_hdr.networks.rdab import RDAB
from twostage_hdr.networks.two_stage import TwoStageNetwork
from twostage_hdr.radiometry.exposure_stack import stack_exposures
from twostage_hdr.radiometry.gamma import encode_gamma
from twostage_hdr.training.stage_weights import start_from


def test_the_papers_blocks_are_unchanged() -> None:
    ours, papers = MultiShotNetwork(), TwoStageNetwork()
    blocks = [[part for part in network.modules() if isinstance(part, RDAB)] for network in (ours, papers)]
    assert [str(block) for block in blocks[0]] == [str(block) for block in blocks[1]]
    assert [block.dense.residual_factor for block in blocks[0]] == [block.dense.residual_factor for block in blocks[1]]
    # The six-channel stem, the attention and the merging convolution are all that is added.
    added = (6 * 64 * 9 + 64) + (128 * 64 * 9 + 64) + (64 * 64 * 9 + 64) + (192 * 64 * 9 + 64)
    assert sum(p.numel() for p in ours.parameters()) - sum(p.numel() for p in papers.parameters()) == added


@pytest.mark.parametrize(("frames", "height", "width"), [(2, 1, 1), (3, 9, 7), (5, 16, 5)])
def test_any_number_of_frames_and_size_gives_one_image(frames: int, height: int, width: int) -> None:
    network = MultiShotNetwork(frames=frames, features=8, growth=4)
    assert network(torch.rand(2, frames, 2, 3, height, width)).shape == (2, 3, height, width)


def _stack(size: int = 8) -> torch.Tensor:
    light = torch.rand(2, 3, size, size) * 6
    frames = [((light * 2.0**stop).clamp(0, 1)) ** (1 / 2.24) for stop in (0, -2, 2)]
    return torch.stack([stack_exposures([frame[place] for frame in frames], (0, -2, 2)) for place in range(2)])


def test_an_untrained_network_sees_one_photograph_on_the_shortest_frames_scale() -> None:
    network, single = MultiShotNetwork(features=8, growth=4), TwoStageNetwork(features=8, growth=4)
    assert start_from(network, single, "weights") == "both stages"
    stack = _stack()
    light, white = merge_exposures(stack)
    torch.testing.assert_close(network(stack), single(encode_gamma(light / white)) * white ** (1 / 2.24))


def test_an_identity_start_returns_the_merged_photograph() -> None:
    stack = _stack()
    network = MultiShotNetwork(features=8, growth=4, identity_start=True)
    torch.testing.assert_close(network(stack), encode_gamma(merge_exposures(stack)[0]))
    assert network.stages(stack).enhanced.max() <= 1  # as its 8-bit target


def test_where_attention_is_zero_a_frames_features_do_not_count() -> None:
    stage = MultiShotNetwork(features=8, growth=4).enhancement
    with torch.no_grad():
        stage.merge.weight.normal_()
        stage.attention.conv2.weight.zero_()
        stage.attention.conv2.bias.fill_(-1e4)
    stack = torch.rand(1, 3, 2, 3, 8, 8)
    other = stack.clone()
    other[:, 1:] = torch.rand(1, 2, 2, 3, 8, 8)
    torch.testing.assert_close(stage.merged(other), stage.merged(stack))


def test_tiles_within_its_radius_are_exact() -> None:
    torch.manual_seed(0)
    network = MultiShotNetwork(features=8, growth=4).eval()
    torch.nn.init.normal_(network.enhancement.merge.weight, std=0.1)
    stack, radius = _stack(80), network.receptive_radius
    part = network(stack[..., 8:, 8:])
    torch.testing.assert_close(part[..., radius:, radius:], network(stack)[..., 8 + radius :, 8 + radius :])


def test_attention_lies_between_none_and_all() -> None:
    seen = FrameAttention(features=8)(torch.randn(1, 8, 6, 6), torch.randn(1, 8, 6, 6))
    assert ((seen > 0) & (seen < 1)).all()


def test_detached_stage_two_does_not_train_stage_one() -> None:
    network = MultiShotNetwork(features=8, growth=4)
    network.stages(torch.rand(1, 3, 2, 3, 8, 8), detach=True).hdr.sum().backward()
    assert all(parameter.grad is None for parameter in network.enhancement.parameters())
    assert all(parameter.grad is not None for parameter in network.tone_mapping.parameters())


def test_a_single_photograph_is_refused_in_a_line() -> None:
    with refusal_of("weights", "MultiShotNetwork"):
        load_reconstructor(MultiShotNetwork(features=8, growth=4))
