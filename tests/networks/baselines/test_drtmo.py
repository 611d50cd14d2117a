import pytest
import torch

from twostage_hdr.networks.baselines.drtmo import DrTMO, ExposureVolumeNetwork


def test_sixteen_exposures_half_a_stop_apart_leave_the_input_out() -> None:
    assert DrTMO(features=2, levels=3).stops == [step / 2 for step in range(-8, 9) if step]
    stack = DrTMO(features=4, levels=3).eval().supervised_output(torch.rand(1, 3, 12, 20))
    assert stack.shape == (1, 16, 3, 12, 20)
    assert 0 <= stack.min() <= stack.max() <= 1


def test_the_published_encoder_has_nine_levels_up_to_512_channels() -> None:
    widths = [level[0].out_channels for level in ExposureVolumeNetwork(features=64, levels=9).down]
    assert widths == [64, 128, 256, 512, 512, 512, 512, 512, 512]


def test_too_few_levels_are_refused() -> None:
    with pytest.raises(ValueError, match=r"levels\b.*\b2\b"):
        DrTMO(levels=2)
