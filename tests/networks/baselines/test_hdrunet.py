import torch

from twostage_hdr.networks.baselines.hdrunet import SFT, HDRUNet


def test_the_input_weighted_by_the_mask_is_what_remains_without_the_u_net() -> None:
    network, ldr = HDRUNet(features=8, blocks=[1, 1, 1]), torch.rand(1, 3, 8, 12)
    with torch.no_grad():
        network.to_rgb.weight.zero_()
        network.to_rgb.bias.zero_()
        torch.testing.assert_close(network.supervised_output(ldr), network.mask(ldr) * ldr)


def test_modulation_by_zero_scale_and_shift_is_the_identity() -> None:
    sft, x = SFT(8), torch.rand(1, 8, 4, 4)
    with torch.no_grad():
        for branch in (sft.scale, sft.shift):
            branch[-1].weight.zero_()
            branch[-1].bias.zero_()
        torch.testing.assert_close(sft(x, torch.rand(1, 32, 4, 4)), x)


def test_negative_values_are_cut_from_the_result_only() -> None:
    network, ldr = HDRUNet(features=8, blocks=[1, 1, 1]), torch.rand(1, 3, 8, 8)
    with torch.no_grad():
        network.to_rgb.bias.fill_(-100.0)
        assert network.supervised_output(ldr).max() < 0
        assert (network(ldr) == 0).all()
