import torch

from twostage_hdr.networks.baselines.lhdr import LHDR, _MaskedConvolution


def test_a_full_mask_makes_a_masked_convolution_an_ordinary_one_inside_the_image() -> None:
    layer, x = _MaskedConvolution(8, groups=4), torch.rand(1, 8, 9, 9)
    with torch.no_grad():
        y, mask = layer(x, torch.ones_like(x))
        plain = layer.convolution(x)
    torch.testing.assert_close(y[..., 1:-1, 1:-1], plain[..., 1:-1, 1:-1], rtol=1e-4, atol=1e-5)
    assert (mask == 1).all()


def test_an_empty_mask_gives_zeros_and_stays_empty() -> None:
    layer, x = _MaskedConvolution(8, groups=1), torch.rand(1, 8, 6, 6)
    with torch.no_grad():
        y, mask = layer(x, torch.zeros_like(x))
    assert (y == 0).all()
    assert (mask == 0).all()


def test_half_a_mask_is_made_up_for_by_a_factor() -> None:
    """Constant input, constant weights: with one pixel of nine known the sum is nine times too small, and mended."""
    layer = _MaskedConvolution(8, groups=1)
    with torch.no_grad():
        layer.convolution.weight.fill_(1.0)
        layer.convolution.bias.zero_()
        mask = torch.zeros(1, 8, 3, 3)
        mask[..., 1, 1] = 1
        y, _ = layer(torch.full((1, 8, 3, 3), 2.0), mask)
    assert torch.allclose(y[..., 1, 1], torch.tensor(2.0 * 8 * 9))


def test_the_scale_is_the_inputs() -> None:
    torch.manual_seed(0)
    network, ldr = LHDR(features=8).eval(), 0.3 + 0.4 * torch.rand(1, 3, 16, 16)
    with torch.no_grad():
        raw = network.supervised_output(ldr)
        network.detail_to_rgb.bias.fill_(0.5)
        result = network(ldr)
    assert raw.shape == ldr.shape
    weights = torch.tensor([0.2126, 0.7152, 0.0722]).view(3, 1, 1)
    ratio = (result * weights).sum(1).log() - (ldr ** (1 / 0.45) * weights).sum(1).log()
    assert abs(float(ratio.median())) < 0.02
