import torch

from twostage_hdr.networks.baselines.maskhdr import MaskHDR, well_exposed_mask


def test_what_is_not_saturated_stays_the_photographs() -> None:
    network, ldr = MaskHDR(features=4), torch.rand(1, 3, 20, 30) * 0.94
    with torch.no_grad():
        torch.testing.assert_close(network(ldr), ldr**2)


def test_what_is_saturated_comes_from_the_network_alone() -> None:
    network, ldr = MaskHDR(features=4), torch.ones(1, 3, 16, 16)
    with torch.no_grad():
        network.decoder[0].convolution.weight.zero_()
        network.decoder[0].convolution.bias.fill_(2.0)
        torch.testing.assert_close(network(ldr), torch.full_like(ldr, torch.e**2 - 1))


def test_the_mask_is_a_ramp_over_the_last_twentieth() -> None:
    values = torch.tensor([0.0, 0.95, 0.975, 1.0]).view(1, 1, 1, 4).expand(1, 3, 1, 4)
    torch.testing.assert_close(
        well_exposed_mask(values)[0, 0, 0], torch.tensor([1.0, 1.0, 0.5, 0.0]), atol=1e-5, rtol=0
    )
