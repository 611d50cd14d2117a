import torch

from twostage_hdr.networks.baselines.exposure_unet import ExposureUNet


def test_the_encoder_has_the_published_widths_at_64_features() -> None:
    widths = [level[0].out_channels for level in ExposureUNet(features=64).down]
    assert widths == [64, 128, 256, 512, 512]


def test_the_result_is_an_ldr_image() -> None:
    image = ExposureUNet(features=4).eval()(torch.rand(1, 3, 20, 31))
    assert image.shape == (1, 3, 20, 31)
    assert 0 <= image.min() <= image.max() <= 1
