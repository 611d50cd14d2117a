import pytest
import torch
from torch import nn

from twostage_hdr.evaluation.complexity import measure_complexity


def test_a_convolution_costs_its_weights_per_pixel() -> None:
    measured = measure_complexity(nn.Conv2d(3, 64, 3, padding=1), height=16, width=24)
    assert measured.parameters == 3 * 64 * 9 + 64
    assert measured.multiply_adds_per_pixel == pytest.approx(3 * 64 * 9)


def test_a_stride_of_two_divides_the_cost_by_four() -> None:
    network = nn.Conv2d(3, 8, 3, stride=2, padding=1)
    assert measure_complexity(network, height=32, width=32).multiply_adds_per_pixel == pytest.approx(3 * 8 * 9 / 4)


def test_frozen_parameters_are_not_trainable_ones() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Conv2d(4, 3, 1))
    network[0].requires_grad_(False)
    assert measure_complexity(network, height=8, width=8).parameters == 4 * 3 + 3


def test_the_network_keeps_its_mode() -> None:
    network = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)).train()
    before = network[1].running_mean.clone()
    measure_complexity(network, height=8, width=8)
    assert network.training
    assert torch.equal(network[1].running_mean, before)
