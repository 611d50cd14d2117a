import torch

from twostage_hdr.evaluation.gallery.stops_difference import FLOOR, stops_difference


def test_twice_as_bright_is_one_stop_and_half_is_minus_one() -> None:
    reference = torch.rand(3, 8, 9, generator=torch.Generator().manual_seed(0)) + 0.1
    torch.testing.assert_close(stops_difference(2 * reference, reference), torch.ones(8, 9))
    torch.testing.assert_close(stops_difference(reference / 2, reference), -torch.ones(8, 9))


def test_what_is_black_in_both_does_not_differ_and_nothing_is_infinite() -> None:
    black = torch.zeros(3, 4, 4)
    assert torch.equal(stops_difference(black, black + FLOOR / 10), torch.zeros(4, 4))
    torch.testing.assert_close(stops_difference(black + 1, black), torch.full((4, 4), 8.0))
