from pathlib import Path

import pytest
import torch

from twostage_hdr.data.triple import Triple
from twostage_hdr.errors import InputError
from twostage_hdr.evaluation.evaluated_scene import load_scene, shown_methods
from twostage_hdr.evaluation.method_row import MethodRow, ScoreSummary
from twostage_hdr.evaluation.results import Results
from twostage_hdr.evaluation.saved_results import SavedResults


def row(name: str, score: float, parameters: int | None = None) -> MethodRow:
    scores = {"pu21_psnr": ScoreSummary(mean=score)}
    return MethodRow(name=name, title=name.title(), scores=scores, parameters=parameters)


RESULTS = Results([row("ldr", 9), row("worst", 1), row("net", 0, 12), row("best", 8), row("middle", 5)], [], {})


def test_unless_asked_the_frame_all_networks_and_the_best_others_are_shown() -> None:
    assert [one.name for one in shown_methods(RESULTS)] == ["ldr", "net", "best", "middle"]
    assert [one.name for one in shown_methods(RESULTS, ["worst", "ldr"])] == ["worst", "ldr"]
    with pytest.raises(InputError, match="--methods bets: not in the evaluation; choose from ldr, worst, net"):
        shown_methods(RESULTS, ["bets"])


def test_results_are_brought_to_the_references_exposure(tmp_path: Path) -> None:
    reference = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(0)) + 0.2
    ldr = (reference.clamp(max=1) * 255).round() / 255
    saved = SavedResults(tmp_path)
    saved.save(Triple(ldr, reference.clamp(max=1), reference, "a", torch.tensor(1.0)), "ldr", ldr**2.24)
    saved.save(Triple(ldr, reference, reference, "a", torch.tensor(1.0)), "quarter", reference**2.24 / 4)
    scene = load_scene(saved, "a", ["quarter"])
    torch.testing.assert_close(scene.results["quarter"], reference**2.24, rtol=3e-3, atol=1e-4)
    assert torch.equal(scene.frame, ldr)
