import numpy as np
import pytest
import torch

from experiments.figure5_gallery.pane_row import difference_row, exposure_row, tone_mapped_row
from twostage_hdr.imaging.preview import preview


def light() -> torch.Tensor:
    return torch.rand(3, 20, 30, generator=torch.Generator().manual_seed(1)) ** 3 * 6


def test_an_exposure_row_doubles_or_halves_and_clips_at_white() -> None:
    half = torch.full((3, 2, 2), 0.25)
    assert (exposure_row({"a": half}, 2).panes["a"] == 255).all()
    assert (exposure_row({"a": 4 * half}, -2).panes["a"] == exposure_row({"a": half}, 0).panes["a"]).all()
    assert exposure_row({"a": half}, -2, "crop, ").label == "crop, −2 stops"
    assert exposure_row({"a": half}, 0).label == "0 stops"


def test_the_guide_is_tone_mapped_as_a_preview_is() -> None:
    image = light()
    row = tone_mapped_row({"reference": image}, "reference")
    expected = preview(np.ascontiguousarray(image.permute(1, 2, 0).numpy()))
    assert np.abs(row.panes["reference"].astype(int) - expected).max() <= 1


def test_a_brighter_result_looks_brighter_under_the_guides_curve() -> None:
    image = light()
    panes = tone_mapped_row({"dark": image / 2, "reference": image, "bright": image * 2}, "reference").panes
    assert panes["dark"].mean() < panes["reference"].mean() - 10
    assert panes["bright"].mean() > panes["reference"].mean() + 10


def test_differences_leave_the_reference_out() -> None:
    image = light() + 0.1
    row = difference_row({"double": 2 * image, "reference": image}, "reference")
    assert list(row.panes) == ["double"]
    assert row.panes["double"] == pytest.approx(np.ones((20, 30)), abs=1e-5)
