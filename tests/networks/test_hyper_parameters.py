import torch
from torch import nn

from twostage_hdr.networks.hyper_parameters import to_channels_last


def test_flat_convolutions_change_layout_and_deep_ones_stay_as_they_are():
    network = nn.Sequential(nn.Conv2d(4, 8, 3), nn.Conv3d(4, 8, 3))
    before = [parameter.clone() for parameter in network.parameters()]
    assert to_channels_last(network) is network
    assert network[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert network[1].weight.is_contiguous()
    for parameter, value in zip(network.parameters(), before, strict=True):
        assert torch.equal(parameter, value)
