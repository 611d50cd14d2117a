import torch

from twostage_hdr.networks.baselines.deep_chain_hdri import DeepChainHDRI


def test_each_exposure_is_made_from_its_neighbour_by_a_network_of_its_own() -> None:
    network, ldr = DeepChainHDRI(features=4).eval(), torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        stack = network.supervised_output(ldr)
        assert network.stops == [-3, -2, -1, 1, 2, 3]
        torch.testing.assert_close(stack[:, 3], network.brighten[0](ldr))
        torch.testing.assert_close(stack[:, 5], network.brighten[2](stack[:, 4]))
        torch.testing.assert_close(stack[:, 0], network.darken[2](stack[:, 1]))
