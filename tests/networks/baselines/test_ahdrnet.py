import pytest
import torch

from twostage_hdr.networks.baselines.ahdrnet import AHDRNet


def test_the_network_has_the_published_size() -> None:
    assert sum(parameter.numel() for parameter in AHDRNet().parameters()) == 1_441_283


@pytest.mark.parametrize(("frames", "height", "width"), [(2, 1, 1), (3, 9, 7)])
def test_any_number_of_frames_and_size_gives_one_image_below_the_peak(frames: int, height: int, width: int) -> None:
    network = AHDRNet(frames=frames, features=8, growth=4, peak=5.0)
    image = network(torch.rand(2, frames, 2, 3, height, width))
    assert image.shape == (2, 3, height, width)
    assert ((image > 0) & (image < 5)).all()


def test_a_dilated_block_sees_twelve_pixels() -> None:
    block = AHDRNet(features=8, growth=4).blocks[0]
    x = torch.randn(1, 8, 41, 41, requires_grad=True)
    block(x)[0, :, 20, 20].sum().backward()
    rows = x.grad.abs().sum(dim=(0, 1, 3)).nonzero()[:, 0]
    assert (int(rows.min()), int(rows.max())) == (8, 32)
