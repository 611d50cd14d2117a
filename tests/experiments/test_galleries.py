"""The scripts that draw the comparison's pictures, from end to end on tiny data."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image

from experiments.figure5_gallery.evaluated_scene import load_scene
from tests.refusal import refusal_of
from twostage_hdr.data.triple import Triple
from twostage_hdr.evaluation.method_row import MethodRow, ScoreSummary
from twostage_hdr.evaluation.methods import OperatorMethod
from twostage_hdr.evaluation.results import Results
from twostage_hdr.evaluation.run import evaluate
from twostage_hdr.evaluation.saved_results import SavedResults
from twostage_hdr.inference.weights import save_weights
from twostage_hdr.networks.two_stage import TwoStageNetwork

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
MAX_BYTES = 1_000_000


def script(folder: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{folder}_script", EXPERIMENTS / folder / "gallery.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def triple(scene: str, lamp: float) -> Triple:
    reference = torch.rand(3, 40, 48, generator=torch.Generator().manual_seed(5)) * 0.8 + 0.05
    reference[:, 20:28, 30:38] = lamp
    ldr = (reference.clamp(max=1) * 255).round() / 255
    return Triple(ldr, reference.clamp(max=1), reference, scene, torch.tensor(1.0))


@pytest.fixture
def evaluation(tmp_path: Path) -> Path:
    double = OperatorMethod(operator=lambda ldr: 400 * ldr**2.24, name="double", title="Double")
    folder = tmp_path / "evaluation"
    scenes = [triple("places/dim.exr", 0.5), triple("places/lamp.exr", 4.0), triple("places/sun.exr", 8.0)]
    evaluate([double], scenes, folder, visit=SavedResults(folder / "results").save)
    return folder


def row(name: str, score: float, parameters: int | None = None) -> MethodRow:
    scores = {"pu21_psnr": ScoreSummary(mean=score)}
    return MethodRow(name=name, title=name.title(), scores=scores, parameters=parameters)


RESULTS = Results([row("ldr", 9), row("worst", 1), row("net", 0, 12), row("best", 8), row("middle", 5)], [], {})


def test_unless_asked_the_frame_all_networks_and_the_best_others_are_shown():
    shown_methods = script("figure5_gallery").shown_methods
    assert [one.name for one in shown_methods(RESULTS)] == ["ldr", "net", "best", "middle"]
    assert [one.name for one in shown_methods(RESULTS, ["worst", "ldr"])] == ["worst", "ldr"]
    with refusal_of("--methods bets", "ldr, worst, net"):
        shown_methods(RESULTS, ["bets"])


def test_the_scenes_that_lost_most_light_are_drawn_where_they_lost_it(evaluation, tmp_path, capsys):
    script("figure5_gallery").main([str(tmp_path), "--evaluation", str(evaluation), "--count", "5", "--side", "16"])
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[0].rsplit("/", 1)[1] for line in told] == ["places_sun.jpg", "places_lamp.jpg"]
    top, left = (int(number) for number in told[0].rsplit(":", 1)[1].split(","))
    assert top <= 20
    assert top + 16 >= 28
    assert left <= 30
    assert left + 16 >= 38
    assert (tmp_path / "places_sun.jpg").stat().st_size < MAX_BYTES


def test_named_crops_and_the_first_stage_are_drawn(evaluation, tmp_path, capsys):
    save_weights(tmp_path / "net.safetensors", TwoStageNetwork(features=8, growth=4))
    given = ("--crop", "places/dim.exr:3,4", "--side", "20", "--stages", str(tmp_path / "net.safetensors"))
    module = script("figure5_gallery")
    drawn = []
    module.write_picture = lambda path, figure: drawn.append(figure)
    module.main([str(tmp_path), "--evaluation", str(evaluation), *given])
    assert "crop places/dim.exr:3,4" in capsys.readouterr().out
    titles = [axes.get_title().splitlines()[0] for axes in drawn[0].axes if axes.get_title()]
    assert titles == ["frame", "LDR input", "after stage I", "Double", "reference"]


def test_unknown_scenes_and_missing_sources_are_refused(evaluation, tmp_path, capsys):
    module = script("figure5_gallery")
    with pytest.raises(SystemExit, match=r"places/moon\.exr"):
        module.main([str(tmp_path), "--evaluation", str(evaluation), "--scenes", "places/moon.exr"])
    with pytest.raises(SystemExit):
        module.main([str(tmp_path)])
    assert "--evaluation DIR" in capsys.readouterr().err


def test_photographs_without_a_reference_become_pictures_and_a_page(tmp_path):
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    pixels = (triple("a", 4.0).ldr * 255).byte().permute(1, 2, 0).numpy()
    Image.fromarray(np.ascontiguousarray(pixels)).save(photographs / "street.png")
    save_weights(tmp_path / "net.safetensors", TwoStageNetwork(features=8, growth=4))
    given = ("--network", f"Ours={tmp_path / 'net.safetensors'}", "--operators", "landis2002", "--side", "24")
    script("generalization").main([str(tmp_path / "out"), str(photographs), *given])
    assert (tmp_path / "out" / "street.jpg").stat().st_size < MAX_BYTES
    page = (tmp_path / "out" / "gallery.html").read_text()
    assert all(word in page for word in ("LDR input", "Ours", "Landis 2002", "street.png"))


def test_a_result_is_shown_at_its_photographs_exposure():
    module, frame = script("generalization"), triple("a", 4.0).ldr
    bright = OperatorMethod(operator=lambda ldr: 1600 * ldr**2.24, name="bright", title="Bright")
    torch.testing.assert_close(module.at_frames_exposure(bright, frame, "a"), frame**2.24)


def test_an_unknown_operator_is_refused():
    with refusal_of("--operators landis", "landis2002"):
        script("generalization").methods([], ["landis"])


def test_results_are_brought_to_the_references_exposure(tmp_path) -> None:
    reference = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(0)) + 0.2
    ldr = (reference.clamp(max=1) * 255).round() / 255
    saved = SavedResults(tmp_path)
    saved.save(Triple(ldr, reference.clamp(max=1), reference, "a", torch.tensor(1.0)), "ldr", ldr**2.24)
    saved.save(Triple(ldr, reference, reference, "a", torch.tensor(1.0)), "quarter", reference**2.24 / 4)
    scene = load_scene(saved, "a", ["quarter"])
    torch.testing.assert_close(scene.results["quarter"], reference**2.24, rtol=3e-3, atol=1e-4)
    assert torch.equal(scene.frame, ldr)
