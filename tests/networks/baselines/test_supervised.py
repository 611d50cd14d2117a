import torch
from torch import nn

from twostage_hdr.networks.baselines.fhdr import FHDR
from twostage_hdr.networks.baselines.supervised import SupervisedOutput, match_gain, pad_to_multiple


def test_only_networks_that_say_so_are_supervised_on_something_else() -> None:
    assert isinstance(FHDR(features=4, growth=4), SupervisedOutput)
    assert not isinstance(nn.Conv2d(3, 3, 1), SupervisedOutput)


def test_the_last_row_and_column_are_repeated_up_to_the_multiple() -> None:
    image = torch.arange(6.0).view(1, 1, 2, 3)
    expected = torch.tensor([[0.0, 1, 2, 2], [3, 4, 5, 5], [3, 4, 5, 5], [3, 4, 5, 5]])
    torch.testing.assert_close(pad_to_multiple(image, 4)[0, 0], expected)


def test_a_fitting_image_is_left_alone() -> None:
    image = torch.rand(1, 3, 8, 4)
    assert pad_to_multiple(image, 4) is image


def test_the_scale_of_the_well_exposed_pixels_is_found_whatever_the_others_hold() -> None:
    ldr = torch.rand(2, 3, 9, 9) * 0.8 + 0.05
    ldr[:, :, :2] = 1.0
    prediction = ldr.clone()
    prediction[:, :, :2] = 40.0
    scaled = match_gain(prediction * torch.tensor([0.01, 7.0]).view(2, 1, 1, 1), ldr)
    torch.testing.assert_close(scaled, prediction)


def test_without_well_exposed_pixels_the_mean_luminances_agree() -> None:
    white = torch.ones(1, 3, 4, 4)
    torch.testing.assert_close(match_gain(0.2 * white, white), white)
    torch.testing.assert_close(match_gain(0.2 * white, 0 * white), 0 * white)
