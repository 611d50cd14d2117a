import torch

from twostage_hdr.networks.baselines.singlehdr import SingleHDR


def test_an_untrained_network_linearises_what_is_well_below_white() -> None:
    ldr = torch.rand(1, 3, 32, 32) * 0.9  # 0.9^2.24 = 0.79 lies below the ramp, which begins at 0.88
    torch.testing.assert_close(SingleHDR(features=4).eval()(ldr), ldr**2.24, atol=1e-4, rtol=1e-2)


def test_clipped_pixels_are_only_ever_raised_before_refinement() -> None:
    ldr = torch.rand(1, 3, 32, 32).clamp(min=0.95)
    hdr = SingleHDR(features=4).eval()(ldr)
    assert (hdr >= ldr**2.24 - 1e-3).all()
