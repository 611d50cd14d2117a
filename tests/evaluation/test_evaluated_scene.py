from pathlib import Path

import torch

from twostage_hdr.data.triple import Triple
from twostage_hdr.evaluation.evaluated_scene import load_scene
from twostage_hdr.evaluation.saved_results import SavedResults


def test_results_are_brought_to_the_references_exposure(tmp_path: Path) -> None:
    reference = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(0)) + 0.2
    ldr = (reference.clamp(max=1) * 255).round() / 255
    saved = SavedResults(tmp_path)
    saved.save(Triple(ldr, reference.clamp(max=1), reference, "a", torch.tensor(1.0)), "ldr", ldr**2.24)
    saved.save(Triple(ldr, reference, reference, "a", torch.tensor(1.0)), "quarter", reference**2.24 / 4)
    scene = load_scene(saved, "a", ["quarter"])
    torch.testing.assert_close(scene.results["quarter"], reference**2.24, rtol=3e-3, atol=1e-4)
    assert torch.equal(scene.frame, ldr)
