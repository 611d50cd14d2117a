import torch

from twostage_hdr.networks.baselines.gmnet import GMNet, _filtered


def test_a_map_of_zero_leaves_the_photograph_as_it_is() -> None:
    network, ldr = GMNet(features=8, blocks=1), torch.rand(1, 3, 7, 10)
    with torch.no_grad():
        network.to_largest[-1].weight.zero_()
        network.to_largest[-1].bias.zero_()
        torch.testing.assert_close(network(ldr), ldr**2.2)


def test_a_map_of_one_or_more_multiplies_with_the_peak() -> None:
    network, ldr = GMNet(features=8, blocks=1, peak=5.0), torch.rand(1, 3, 8, 8)
    with torch.no_grad():
        network.to_largest[-1].bias.fill_(100.0)
        network.to_map.bias.fill_(100.0)
        torch.testing.assert_close(network(ldr), 5.0 * ldr**2.2)


def test_a_pixels_three_channels_have_one_gain() -> None:
    torch.manual_seed(1)
    network, ldr = GMNet(features=8, blocks=1), 0.2 + 0.7 * torch.rand(1, 3, 12, 12)
    with torch.no_grad():
        network.to_map.bias.fill_(0.4)
        network.to_largest[-1].bias.fill_(0.9)
        gain = network(ldr) / ldr**2.2
    torch.testing.assert_close(gain[:, 0], gain[:, 2])
    assert (gain > 1).all()


def test_every_image_and_channel_is_filtered_by_its_own_kernel() -> None:
    x, kernels = torch.rand(2, 3, 5, 6), torch.rand(2, 3, 3, 3)
    result = _filtered(x, kernels)
    for image in range(2):
        for channel in range(3):
            alone = torch.conv2d(x[image, channel][None, None], kernels[image, channel][None, None], padding=1)
            torch.testing.assert_close(result[image, channel], alone[0, 0])
