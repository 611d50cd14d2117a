import pytest
import torch

from twostage_hdr.errors import InputError
from twostage_hdr.evaluation.report.report_image import ReportImage


def test_panes_of_different_sizes_are_refused():
    with pytest.raises(InputError, match="panes of sizes"):
        ReportImage(name="a", panes={"ldr": torch.ones(3, 2, 2), "reference": torch.ones(3, 2, 3)})


def test_shrinking_averages_linear_light_and_keeps_the_aspect():
    image = ReportImage(name="a", panes={"ldr": torch.tensor([[0.0, 2.0], [4.0, 6.0]]).expand(3, 2, 2).repeat(1, 1, 2)})
    small = image.shrunk(2).panes["ldr"]
    assert small.shape == (3, 1, 2)
    assert torch.allclose(small, torch.full((3, 1, 2), 3.0))


def test_white_comes_from_the_reference():
    panes = {"ldr": torch.ones(3, 10, 10), "reference": torch.full((3, 10, 10), 5.0)}
    assert ReportImage(name="a", panes=panes).white == pytest.approx(5.0)
