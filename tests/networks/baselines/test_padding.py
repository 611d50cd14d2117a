import torch

from twostage_hdr.networks.baselines.padding import pad_to_multiple


def test_the_last_row_and_column_are_repeated_up_to_the_multiple() -> None:
    image = torch.arange(6.0).view(1, 1, 2, 3)
    expected = torch.tensor([[0.0, 1, 2, 2], [3, 4, 5, 5], [3, 4, 5, 5], [3, 4, 5, 5]])
    torch.testing.assert_close(pad_to_multiple(image, 4)[0, 0], expected)


def test_a_fitting_image_is_left_alone() -> None:
    image = torch.rand(1, 3, 8, 4)
    assert pad_to_multiple(image, 4) is image
