import pytest
import torch
from torch import nn

from twostage_hdr.networks.stage import Stage


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


@pytest.mark.parametrize(("blocks", "parameters"), [(2, 555_655), (1, 278_821), (3, 832_489)])
def test_a_stage_has_the_papers_parameter_count(blocks: int, parameters: int) -> None:
    assert count(Stage(blocks=blocks)) == parameters


def test_three_blocks_are_the_one_stage_network_of_the_two_stage_networks_size() -> None:
    assert abs(count(Stage(blocks=3)) / 834_476 - 1) < 0.003
    assert all(abs(count(Stage(blocks=blocks)) / 834_476 - 1) > 0.3 for blocks in (2, 4))


def test_with_a_silent_last_convolution_the_stage_is_a_rectified_identity() -> None:
    stage = Stage(features=8, growth=4)
    nn.init.zeros_(stage.conv_out.weight)
    nn.init.zeros_(stage.conv_out.bias)
    image = torch.randn(1, 3, 6, 7) * 3
    torch.testing.assert_close(stage(image), image.clamp(min=0))


def test_the_output_is_not_bounded_at_one() -> None:
    stage = Stage(features=8, growth=4)
    nn.init.zeros_(stage.conv_out.weight)
    nn.init.constant_(stage.conv_out.bias, 4.0)
    torch.testing.assert_close(stage(torch.ones(1, 3, 2, 2)), torch.full((1, 3, 2, 2), 5.0))


@pytest.mark.parametrize(("blocks", "radius"), [(1, 6), (2, 11)])
def test_the_receptive_radius_is_the_papers(blocks: int, radius: int) -> None:
    stage = Stage(features=4, growth=4, blocks=blocks).double()
    for parameter in stage.parameters():
        nn.init.uniform_(parameter, 0.01, 0.1)  # all positive: nothing cancels and no ReLU closes
    image = torch.rand(1, 3, 41, 41, dtype=torch.float64, requires_grad=True)
    stage(image)[0, :, 20, 20].sum().backward()
    assert image.grad is not None
    rows, columns = image.grad[0].abs().sum(0).nonzero().unbind(1)
    assert ((rows - 20).abs().max(), (columns - 20).abs().max()) == (radius, radius)


@pytest.mark.parametrize("attention", [True, False])
def test_the_hyper_parameters_rebuild_the_stage(attention: bool) -> None:
    stage = Stage(features=8, growth=4, blocks=3, residual_factor=0.3, attention=attention)
    twin = Stage(**stage.hyper_parameters)
    twin.load_state_dict(stage.state_dict())
    image = torch.rand(1, 3, 8, 8)
    torch.testing.assert_close(twin(image), stage(image), rtol=0, atol=0)
