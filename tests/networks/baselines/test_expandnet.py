import torch

from twostage_hdr.networks.baselines.expandnet import ExpandNet, stretch


def test_stretching_takes_each_image_to_0_and_1_and_leaves_a_constant_one() -> None:
    images = torch.stack([torch.rand(3, 5, 5) * 0.3 + 0.2, torch.full((3, 5, 5), 0.4)])
    stretched = stretch(images)
    assert stretched[0].min() == 0
    assert stretched[0].max() == 1
    torch.testing.assert_close(stretched[1], images[1])


def test_the_raw_output_lies_between_0_and_1_and_the_result_keeps_its_ratios() -> None:
    network, ldr = ExpandNet(features=8).eval(), torch.rand(1, 3, 20, 20) * 0.9
    with torch.no_grad():
        raw, hdr = network.supervised_output(ldr), network(ldr)
    assert 0 < raw.min() < raw.max() < 1
    ratio = hdr / raw
    torch.testing.assert_close(ratio, torch.full_like(ratio, ratio.mean().item()))


def test_every_pixel_sees_the_whole_image() -> None:
    network, ldr = ExpandNet(features=8), torch.rand(1, 3, 64, 64, requires_grad=True)
    network.normalised(ldr)[0, 0, 0, 0].backward()
    assert ldr.grad is not None
    assert ldr.grad[0, :, -16:, -16:].abs().sum() > 0
