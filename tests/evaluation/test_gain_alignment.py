import numpy as np
import pytest
import torch

from twostage_hdr.evaluation.gain_alignment import align_gain, measure_gain

LUMA = np.array([0.2126, 0.7152, 0.0722])


def images(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    reference = torch.rand(3, 12, 17, generator=generator) * 2
    ldr = reference.clamp(max=1) ** (1 / 2.24)
    return ldr, reference


def test_a_known_gain_is_found() -> None:
    ldr, reference = images()
    alignment = measure_gain(ldr, reference, reference / 3.7)
    assert alignment.gain == pytest.approx(3.7, rel=1e-5)
    assert alignment.well_exposed


def test_the_gain_is_numpys_median_of_log_ratios_over_the_well_exposed_pixels() -> None:
    ldr, reference = images(1)
    prediction = reference * torch.rand(1, 12, 17)
    linear = ldr.numpy().astype(np.float64) ** 2.24
    mask = ((linear > 0.02) & (linear < 0.9)).all(axis=0)
    ratios = np.log(np.einsum("c,chw->hw", LUMA, reference.numpy())) - np.log(
        np.einsum("c,chw->hw", LUMA, prediction.numpy())
    )
    alignment = measure_gain(ldr, reference, prediction)
    assert alignment.gain == pytest.approx(float(np.exp(np.median(ratios[mask]))), rel=1e-5)
    assert alignment.well_exposed == mask.sum()


def test_clipped_pixels_do_not_move_the_gain() -> None:
    ldr, reference = images(2)
    clipped = (ldr.amax(0, keepdim=True) ** 2.24) >= 0.9
    prediction = torch.where(clipped, reference * 100, reference * 0.5)
    assert measure_gain(ldr, reference, prediction).gain == pytest.approx(2.0, rel=1e-5)


def test_without_a_well_exposed_pixel_all_pixels_are_used_and_said_so() -> None:
    ldr = torch.ones(3, 4, 4)
    reference = torch.full((3, 4, 4), 5.0)
    alignment = measure_gain(ldr, reference, torch.ones(3, 4, 4))
    assert alignment.well_exposed == 0
    assert alignment.gain == pytest.approx(5.0)


def test_a_black_result_has_no_gain() -> None:
    ldr, reference = images()
    alignment = measure_gain(ldr, reference, torch.zeros_like(reference))
    assert alignment == (1.0, 0)


def test_the_aligned_result_ends_at_the_cap() -> None:
    ldr, reference = images()
    aligned = align_gain(reference * 1000, measure_gain(ldr, reference, reference), cap=10.0)
    assert float(aligned.max()) == pytest.approx(10.0**2.24, rel=1e-6)
