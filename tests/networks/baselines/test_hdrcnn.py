import torch
import torch.nn.functional as F

from twostage_hdr.networks.baselines.hdrcnn import HDRCNN


def test_unclipped_pixels_are_the_linearised_input_whatever_the_network_says() -> None:
    ldr = torch.rand(1, 3, 32, 32) * 0.94
    torch.testing.assert_close(HDRCNN(features=4).eval()(ldr), ldr**2.24)
    torch.testing.assert_close(HDRCNN(features=4, gamma=2.0).eval()(ldr), ldr**2)


def test_white_pixels_are_the_prediction_and_half_way_up_the_ramp_half_of_it() -> None:
    network = HDRCNN(features=4).eval()
    ldr = torch.rand(1, 3, 32, 32) * 0.9
    ldr[0, 1, 4, 4], ldr[0, 0, 9, 9] = 1.0, 0.975
    prediction, hdr = network.supervised_output(ldr).clamp(min=0), network(ldr)
    torch.testing.assert_close(hdr[0, :, 4, 4], prediction[0, :, 4, 4])
    half = (ldr[0, :, 9, 9] ** 2.24 + prediction[0, :, 9, 9]) / 2
    torch.testing.assert_close(hdr[0, :, 9, 9], half, rtol=1e-4, atol=1e-6)


def test_deconvolutions_begin_as_bilinear_interpolation_and_skips_as_sums() -> None:
    network = HDRCNN(features=4)
    x = torch.rand(1, 32, 6, 6)
    doubled = network.upsample[0][0](x)
    inner = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)[..., 2:-2, 2:-2]
    torch.testing.assert_close(doubled[..., 2:-2, 2:-2], inner)
    skip = torch.full_like(x, 255.0)
    torch.testing.assert_close(network.fuse[0](x, skip), x + torch.log(torch.tensor(1 + 1 / 255)))
