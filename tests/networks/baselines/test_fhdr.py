import torch

from twostage_hdr.networks.baselines.fhdr import FHDR


def test_an_untrained_network_is_not_dead() -> None:
    network = FHDR(features=8, growth=4)
    network(torch.rand(1, 3, 12, 12)).mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


def test_the_second_call_gives_what_the_first_gave_also_after_another_size() -> None:
    network, ldr = FHDR(features=8, growth=4).eval(), torch.rand(1, 3, 12, 12)
    with torch.no_grad():
        first = network(ldr)
        network(torch.rand(2, 3, 5, 9))
        torch.testing.assert_close(network(ldr), first)


def test_iterations_share_weights_but_not_results() -> None:
    network = FHDR(features=8, growth=4, iterations=3)
    iterates = network.supervised_output(torch.rand(1, 3, 12, 12))
    assert iterates.shape == (3, 1, 3, 12, 12)
    assert not torch.allclose(iterates[0], iterates[1])
    once = FHDR(features=8, growth=4, iterations=1)
    once.load_state_dict(network.state_dict())


def test_the_result_is_the_published_tanh_mapped_to_0_and_the_peak() -> None:
    network, ldr = FHDR(features=8, growth=4, peak=20.0).double(), torch.rand(1, 3, 12, 12, dtype=torch.float64)
    torch.testing.assert_close(network.supervised_output(ldr), 10 * (network.raw(2 * ldr - 1) + 1))
