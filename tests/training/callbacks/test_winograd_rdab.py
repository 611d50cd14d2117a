import copy

import pytest
import torch

from twostage_hdr.networks.rdab import RDAB
from twostage_hdr.networks.stage import Stage
from twostage_hdr.networks.two_stage import TwoStageNetwork
from twostage_hdr.training.callbacks.winograd_rdab import WinogradConvolutions, WinogradRDAB, use_winograd


@pytest.fixture
def pair() -> tuple[RDAB, RDAB]:
    block = RDAB(features=32, growth=16, residual_factor=0.5)
    fast = copy.deepcopy(block)
    assert use_winograd(fast) == 1
    return block, fast


def test_a_block_is_the_same_function_with_the_same_gradients(pair) -> None:
    x = torch.randn(2, 32, 16, 12)
    results = []
    for network in pair:
        leaf = x.clone().requires_grad_()
        image = network(leaf)
        image.square().mean().backward()
        results.append([image.detach(), leaf.grad, *(parameter.grad for parameter in network.parameters())])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5 * float(one.abs().max()))


def test_in_autocast_a_block_errs_a_few_times_what_the_direct_convolutions_do(pair) -> None:
    block, fast = pair
    x = torch.randn(2, 32, 32, 32)
    exact = block(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded, faster = block(x), fast(x)
    assert (faster - exact).norm() < 6 * (rounded - exact).norm()


def test_in_autocast_the_whole_networks_images_and_gradients_err_as_those_of_the_direct_convolutions() -> None:
    network = TwoStageNetwork()
    fast = copy.deepcopy(network)
    assert use_winograd(fast) == 3
    ldr, reference = torch.rand(2, 3, 32, 32), 2 * torch.rand(2, 3, 32, 32)

    def outcome(which: TwoStageNetwork, *, half: bool) -> tuple[torch.Tensor, torch.Tensor]:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
            image = which(ldr).float()
        gradients = torch.autograd.grad((image - reference).square().mean(), list(which.parameters()))
        return image, torch.cat([gradient.flatten() for gradient in gradients])

    exact = outcome(network, half=False)
    for true, rounded, faster in zip(exact, outcome(network, half=True), outcome(fast, half=True), strict=True):
        assert (faster - true).norm() < 1.5 * (rounded - true).norm()


@pytest.mark.parametrize("shape", [(1, 32, 15, 16), (1, 32, 16, 18)])
def test_odd_sides_take_the_direct_way(pair, shape) -> None:
    block, fast = pair
    x = torch.randn(shape)
    assert torch.equal(block(x), fast(x))


def test_without_gradients_it_is_the_plain_block(pair) -> None:
    block, fast = pair
    x = torch.randn(1, 32, 16, 16)
    with torch.no_grad():
        assert torch.equal(block(x), fast(x))


def test_weights_keep_their_names(pair) -> None:
    block, fast = pair
    assert block.state_dict().keys() == fast.state_dict().keys()


def test_thin_blocks_and_blocks_without_attention_stay_as_they_are() -> None:
    assert use_winograd(Stage(features=8, growth=4)) == 0
    assert use_winograd(Stage(features=64, growth=32, attention=False)) == 0


def test_the_callback_switches_a_run_on_the_cpu(supervised, trainer, one_batch) -> None:
    module = supervised(network=Stage(features=32, growth=8, blocks=1))
    trainer(callbacks=[WinogradConvolutions()]).fit(module, one_batch(1).loader())
    assert type(module.network.blocks[0]) is WinogradRDAB
