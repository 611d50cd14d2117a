"""The scripts that make and judge the shipped weights."""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import hydra
import numpy as np
import pytest
import torch
from omegaconf import DictConfig, OmegaConf
from torch import nn

from experiments.figure5_gallery.evaluated_scene import EvaluatedScene
from experiments.weights import rounds
from experiments.weights.calibration import calibration, levels
from experiments.weights.choices import CHOICES, RECIPE
from experiments.weights.depth import CONSTANT, errors_by_depth
from experiments.weights.highlight_units import THRESHOLD, add_highlight_units
from experiments.weights.limits import (
    AS_IS,
    CLIPPED,
    COLOUR,
    CURVE,
    FINE,
    FRAME,
    LUMINANCE,
    OTHERS,
    REGION,
    REGION_RGB,
    SHARE,
    limits,
    perfected,
)
from experiments.weights.neutral_white import cast, neutralise
from experiments.weights.reached import cell, goals
from experiments.weights.response_shrinkage import shrink
from experiments.weights.rounds import LONG_SEEDS, ROUNDS, SETS, Round, command, start_of
from experiments.weights.scores import SETS as SCORED
from experiments.weights.scores import keep_default
from twostage_hdr.cli.hydra_command import config_directory
from twostage_hdr.data.triple import Triple
from twostage_hdr.evaluation.methods import LdrIdentity
from twostage_hdr.evaluation.run import evaluate
from twostage_hdr.evaluation.saved_results import SavedResults
from twostage_hdr.inference.engine import Engine
from twostage_hdr.networks.frame_thumbnail import thumbnail
from twostage_hdr.networks.two_stage import TwoStageNetwork
from twostage_hdr.networks.two_stage_whole_frame import TwoStageWholeFrameNetwork
from twostage_hdr.radiometry.gamma import decode_gamma
from twostage_hdr.radiometry.luminance import luminance


def composed(arguments: Sequence[str]) -> DictConfig:
    with hydra.initialize_config_dir(version_base="1.3", config_dir=str(config_directory())):
        overrides = [argument for argument in arguments if not argument.startswith("hydra.")]
        return hydra.compose("train", overrides=["run_dir=.", *overrides])


@pytest.mark.parametrize("one", ROUNDS, ids=lambda one: one.name)
def test_every_round_composes_and_starts_from_one_before(one: Round, tmp_path: Path) -> None:
    config = composed(command(one, Path("hdr"), tmp_path)[1:])
    assert one.experiment in ("context", "whole_frame") or config.module.mode == "end_to_end"
    earlier = {other.name for other in ROUNDS[: ROUNDS.index(one)]}
    assert one.start == "demo" or one.start in earlier
    assert config.weights == start_of(one, tmp_path)


def test_a_trainer_and_settings_reach_every_round_after_its_own() -> None:
    for one in ROUNDS:
        given = command(one, Path("hdr"), Path("runs"), trainer="gpu", more=["trainer.max_epochs=1"])
        config = composed(given[1:])
        assert (config.trainer.accelerator, config.trainer.max_epochs) == ("gpu", 1)


def test_the_command_trains_every_round_and_finishes_every_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[list[str]] = []
    monkeypatch.setattr(rounds.subprocess, "run", lambda given, check: called.append(given[2:]))
    monkeypatch.setattr(rounds, "with_highlight_units", lambda one, out: None)
    rounds.main(["--root", "hdr", "--out", str(tmp_path), "--trainer", "gpu", "trainer.max_epochs=1"])
    trained = [next(word for word in words if "hydra.run.dir" in word) for words in called if words[1] == "train"]
    assert trained == [f"hydra.run.dir={tmp_path / one.name}" for one in ROUNDS]
    finished = [words for words in called if words[1] != "train"]
    last = [words for words in finished if words[0].startswith("experiments.")]
    assert [words[0].rpartition(".")[2] for words in last] == [
        "response_shrinkage",
        *["long_rounds"] * (len(LONG_SEEDS) + 2),
        "neutral_white",
    ]
    after = {"--out": "--start", "--best": "--weights"}  # what one step writes the next reads
    for (one, other), flag in zip(pairwise([last[0], *last[-2:]]), after, strict=True):
        assert one[one.index(flag) + 1] == other[other.index(after[flag]) + 1]
    assert last[-1][last[-1].index("--out") + 1] == str(tmp_path / "two_stage_any.safetensors")
    assert last[-2][last[-2].index("--device") + 1] == "cuda"
    assert {words[3] for words in finished if words not in last} == {
        str(tmp_path / f"{name}.safetensors") for name in SETS if name != "two_stage_any"
    }


def test_all_rounds_share_the_split_and_none_repeats_anothers_patches() -> None:
    configs = [composed(command(one, Path("hdr"), Path("runs"))[1:]) for one in ROUNDS]
    assert len({config.data.split_file for config in configs}) == 1
    assert len({config.seed for config in configs}) == len(ROUNDS)


def test_each_shipped_set_ends_with_a_round_of_its_own_camera() -> None:
    cameras = {one.name: one.camera for one in ROUNDS}
    scored = {name: camera for camera, names in SCORED.items() for name in names if name != "two_stage_any"}
    assert {name: cameras[last] for name, last in SETS.items() if name != "two_stage_any"} == scored


@pytest.mark.parametrize("choice", CHOICES)
def test_a_choice_composes_and_changes_the_recipe(choice: str) -> None:
    recipe = composed([*RECIPE, "data.root=hdr"])
    changed = composed([*RECIPE, *CHOICES[choice], "data.root=hdr"])
    assert (OmegaConf.to_yaml(changed) == OmegaConf.to_yaml(recipe)) == (not CHOICES[choice])


def test_highlight_units_lift_white_by_the_boost_and_each_channel_alone() -> None:
    torch.manual_seed(0)
    network = TwoStageNetwork()
    network.enhancement = torch.nn.Identity()  # type: ignore[assignment]
    # What the replaced units did goes first, so that the difference is the new units' alone.
    dense = network.tone_mapping.blocks[0].dense
    for conv in (dense.conv2, dense.conv3, dense.conv4, dense.conv5):
        conv.weight.data[:, 64:96] = 0
    dark, white = torch.full((1, 3, 8, 8), THRESHOLD - 0.05), torch.ones(1, 3, 8, 8)
    red = dark.clone()
    red[:, 0] = 1.0
    with torch.no_grad():
        before = [network.tone_mapping(image) for image in (dark, white, red)]
        units = add_highlight_units(network, boost=0.4)
        after = [network.tone_mapping(image) for image in (dark, white, red)]
    assert len(set(units)) == 3
    assert torch.allclose(after[0], before[0], atol=1e-5)
    assert torch.allclose(after[1] - before[1], torch.full_like(white, 0.4), atol=1e-4)
    assert torch.allclose(after[2] - before[2], torch.tensor([0.4, 0, 0])[None, :, None, None], atol=1e-4)


def evaluated_wall(folder: Path, height: int, seen: int) -> None:
    """Scores a frame of 48 columns: the first are seen, the others clipped, where the reference is 4 times white."""
    ldr = torch.full((3, height, 48), 0.5)
    ldr[:, :, seen:] = 1.0
    reference = ldr.clone()
    reference[:, :, seen:] = 4 ** (1 / 2.24)
    triple = Triple(ldr, reference.clamp(max=1), reference, "wall", torch.tensor(1.0))
    facts = {"images": "1 of the test set, of 1 place"}
    evaluate([LdrIdentity()], [triple], folder, facts=facts, visit=SavedResults(folder / "results").save)


def test_what_is_lost_in_a_wall_of_one_brightness_is_its_clipped_part_and_one_gain_mends_it(tmp_path: Path) -> None:
    evaluated_wall(tmp_path, height=32, seen=24)
    told = limits(tmp_path, ["ldr"])["ldr"]
    assert told[AS_IS][SHARE] == pytest.approx(1.0, abs=1e-3)
    assert told[AS_IS]["stops_error_clipped"] == pytest.approx(2.0, abs=0.01)
    assert told[OTHERS]["pu21_psnr"] == pytest.approx(told[AS_IS]["pu21_psnr"], abs=0.1)
    assert told[CLIPPED]["pu21_psnr"] > 60
    for gain in (FRAME, REGION, FINE):
        assert told[gain]["pu21_psnr"] > told[AS_IS]["pu21_psnr"] + 15
        assert told[gain]["stops_error_clipped"] < 0.1


def two_lamps() -> EvaluatedScene:
    """Grey with two clipped lamps, one 2 and white, one 8 times white and red; the photograph as its result."""
    ldr = torch.full((3, 16, 40), 0.5)
    ldr[:, 4:12, 4:12] = ldr[:, 4:12, 24:32] = 1.0
    reference = decode_gamma(ldr)
    reference[:, 4:12, 4:12] = 2.0
    reference[:, 4:12, 24:32] = torch.tensor([12.0, 7.0, 6.0])[:, None, None]
    return EvaluatedScene(name="lamps", frame=ldr, reference=reference, results={})


def test_a_gain_for_each_region_mends_two_lamps_and_one_for_the_frame_does_not() -> None:
    scene = two_lamps()
    images, white, red = perfected(decode_gamma(scene.frame), scene), (4, 4), (4, 24)
    light = {what: luminance(image)[0] for what, image in images.items()}
    wanted = luminance(scene.reference)[0]
    for what in (REGION, REGION_RGB, LUMINANCE, CLIPPED):
        assert light[what][white] == pytest.approx(float(wanted[white]), rel=0.01)
        assert light[what][red] == pytest.approx(float(wanted[red]), rel=0.01)
    middle = float((wanted[white] * wanted[red]).sqrt())  # of two regions of one size
    assert light[FRAME][white] == light[FRAME][red] == pytest.approx(middle, rel=0.01)
    assert torch.allclose(images[REGION_RGB], scene.reference, rtol=0.01)
    assert images[COLOUR][0][red] / images[COLOUR][1][red] == pytest.approx(12 / 7, rel=0.01)
    assert light[COLOUR][red] == pytest.approx(1.0, rel=0.01)


def test_a_perfect_curve_undoes_the_response_below_white_and_nothing_else() -> None:
    linear = torch.linspace(0.05, 0.9, 24 * 8).view(1, 8, 24).repeat(3, 1, 1)
    ldr = (linear ** (1 / 1.6) * 255).round() / 255
    ldr[:, :, :4] = 1.0
    scene = EvaluatedScene(name="ramp", frame=ldr, reference=linear, results={})
    image = perfected(decode_gamma(ldr), scene)[CURVE]
    assert torch.allclose(image[:, :, 4:], linear[:, :, 4:], atol=0.01)
    assert torch.equal(image[:, :, :4], torch.ones(3, 8, 4))


def test_errors_are_sorted_by_the_distance_to_what_is_not_clipped(tmp_path: Path) -> None:
    evaluated_wall(tmp_path, height=8, seen=4)
    table, shares = errors_by_depth(tmp_path, ["ldr"])
    assert table["ldr"] == pytest.approx([2.0] * 4, abs=0.01)
    assert table[CONSTANT] == pytest.approx([0.0] * 4, abs=0.01)
    assert np.array(shares) == pytest.approx(np.array([4, 13, 17, 10]) / 44)


def any_network() -> TwoStageWholeFrameNetwork:
    torch.manual_seed(0)
    network = TwoStageWholeFrameNetwork(features=8, growth=4, widths=(8, 8, 8), curve_features=4, local=0.0).eval()
    for stage in (network.two_stage.enhancement, network.two_stage.tone_mapping):
        nn.init.zeros_(stage.conv_out.weight)
        nn.init.zeros_(stage.conv_out.bias)
    nn.init.normal_(network.branch.curve.numbers.weight)
    return network


def test_shrinking_draws_every_estimate_towards_the_mean_by_the_factor() -> None:
    network = any_network()
    seen = [thumbnail(torch.rand(1, 3, 30, 40, generator=torch.Generator().manual_seed(k))) for k in range(3)]
    with torch.no_grad():
        before = torch.cat([network.branch.curve(each) for each in seen])
        mean = before.mean(0)
        shrink(network, mean, 0.25)
        after = torch.cat([network.branch.curve(each) for each in seen])
    torch.testing.assert_close(after, mean + 0.25 * (before - mean))


def lit_wall(stops: torch.Tensor) -> Triple:
    """Grey, and clipped to the right, where the light is so many stops above white."""
    linear = torch.full((3, 20, 20), 0.3)
    linear[..., 10:] = 2.0 ** stops.view(20, 10)
    reference = linear ** (1 / 2.24)
    return Triple(reference.clamp(max=1), reference.clamp(max=1), reference, "wall", torch.tensor(1.0))


def test_light_between_the_outer_quantiles_is_counted_as_inside() -> None:
    """A new branch says 0 stops at 50 %, something below at 10 % and above at 90 %, about alike in every cell."""
    network, flat = any_network(), torch.full((200,), 0.01)
    said, _ = levels(network, Engine(network=network.two_stage), lit_wall(flat), 2.24)
    low, _, high = (float(level.median()) / np.log(2) for level in said)
    table = calibration(network, iter([lit_wall(flat)]), 2.24)
    assert table["inside"] == 1.0
    assert table["below"] == {"10%": 0.0, "50%": 0.0, "90%": 1.0}
    assert table["median_width_stops"] == pytest.approx(high - low, abs=0.01)
    stops = torch.linspace(0.01, 2, 200)
    inside = calibration(network, iter([lit_wall(stops)]), 2.24)["inside"]
    assert inside == pytest.approx(float((stops < high).float().mean()), abs=0.1)


def test_a_neutralised_network_answers_a_white_square_without_a_cast() -> None:
    network = any_network()
    nn.init.normal_(network.context.conv_out.weight, std=0.1)
    assert float(cast(network).abs().max()) > 0.01
    neutralise(network)
    assert float(cast(network).abs().max()) < 1e-4


def test_scores_of_one_camera_leave_the_others_in_the_file(tmp_path: Path) -> None:
    evaluated_wall(tmp_path / "evaluation", height=32, seen=24)
    file = tmp_path / "any.json"
    file.write_text(json.dumps({"cameras": {"random": {"ldr": {"mean": {"pu21_psnr": 1.0}}}}}))
    keep_default({"gamma": tmp_path / "evaluation"}, file)
    kept = json.loads(file.read_text())["cameras"]
    assert kept["random"]["ldr"]["mean"]["pu21_psnr"] == 1.0
    assert kept["gamma"]["ldr"]["mean"]["stops_error_clipped"] == pytest.approx(2.0, abs=0.01)
    assert kept["gamma"]["ldr"]["per_image"]["wall"] == kept["gamma"]["ldr"]["mean"]


@pytest.mark.parametrize(("ours", "met"), [(25.0, True), (23.5, False)])
def test_a_goal_counts_from_the_better_of_frame_and_expandnet_and_is_bold_where_it_is_met(
    ours: float, met: bool
) -> None:
    scores = {"ldr": 20.0, "ExpandNet_published": 21.0, "two_stage_any": ours}
    rows = {
        name: {
            "mean": {"pu21_psnr": value},
            "per_image": {"a": {"pu21_psnr": value - 1}, "b": {"pu21_psnr": value + 1}},
        }
        for name, value in scores.items()
    }
    text = cell(goals(0.0, 3.0, 0.0)[1], rows, {"a": "here", "b": "there"})
    assert text.strip("*") == f"{ours:.2f}, {ours - 21:+.2f} [{ours - 21:.1f}, {ours - 21:.1f}] (+3)"
    assert text.startswith("**") == met
