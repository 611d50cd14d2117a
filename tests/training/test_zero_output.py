import torch

from tests.refusal import refusal_of
from twostage_hdr.training.zero_output import LIMIT, PATIENCE, ZeroOutputGuard, zero_share


def test_the_share_is_the_worst_channels_and_of_pixels_that_should_not_be_black() -> None:
    reference = torch.full((2, 3, 4, 5), 0.5)
    reference[:, :, :2] = 0.0  # half of the picture is black, rightly
    image = reference.clone()
    assert zero_share(image, reference) == 0
    image[0, 1] = 0  # one channel of one of the two pictures
    assert zero_share(image, reference) == 0.5
    image[1, 1] = 0
    assert zero_share(image, reference) == 1


def test_a_black_scene_has_no_share_and_small_values_are_no_zeros() -> None:
    black = torch.zeros(1, 3, 4, 4)
    assert zero_share(black, black) == 0
    assert zero_share(torch.full_like(black, 1e-8), black + 1) == 0


def test_only_an_unbroken_row_of_updates_ends_a_run() -> None:
    guard = ZeroOutputGuard()
    for update in range(1, PATIENCE):
        guard.check("network", torch.tensor(0.9), update)
    guard.check("network", torch.tensor(LIMIT), PATIENCE)  # half is not more than half
    for update in range(1, PATIENCE):
        guard.check("network", torch.tensor(0.9), update)
        guard.check("enhancement", torch.tensor(0.1), update)
    with refusal_of("update 77", "network image", "90%", "identity_start=true"):
        guard.check("network", torch.tensor(0.9), 77)
