import torch

from twostage_hdr.networks.baselines.gain import match_gain


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
