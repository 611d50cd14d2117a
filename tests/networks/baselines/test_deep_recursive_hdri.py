import torch

from twostage_hdr.networks.baselines.deep_recursive_hdri import DeepRecursiveHDRI


def test_each_exposure_is_made_from_its_neighbour_by_the_same_network() -> None:
    network, ldr = DeepRecursiveHDRI(features=4).eval(), torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        stack = network.supervised_output(ldr)
        assert network.stops == [-3, -2, -1, 1, 2, 3]
        torch.testing.assert_close(stack[:, 3], network.brighten(ldr))
        torch.testing.assert_close(stack[:, 5], network.brighten(stack[:, 4]))
        torch.testing.assert_close(stack[:, 2], network.darken(ldr))
        torch.testing.assert_close(stack[:, 0], network.darken(stack[:, 1]))


def test_perfect_generators_extend_the_range_by_their_stops() -> None:
    network = DeepRecursiveHDRI(features=4)
    scene = torch.tensor([0.01, 0.5, 3.0, 8.0]).view(1, 1, 1, 4).expand(1, 3, 1, 4)
    network.supervised_output = lambda ldr: torch.stack(  # type: ignore[method-assign]
        [(scene * 2**stop).clamp(max=1) ** (1 / 2.24) for stop in network.stops], dim=1
    )
    torch.testing.assert_close(network(scene.clamp(max=1) ** (1 / 2.24)), scene, rtol=1e-4, atol=1e-6)
