import csv
import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.refusal import refusal_of
from twostage_hdr.data.triple import Triple
from twostage_hdr.evaluation.methods import BracketMethod, LdrIdentity, NetworkMethod, OperatorMethod
from twostage_hdr.evaluation.results import read_results
from twostage_hdr.evaluation.run import evaluate, with_ldr_first
from twostage_hdr.radiometry.exposure_stack import stack_exposures


class Halving(torch.nn.Conv2d):
    """A network with a known cost."""

    output = "encoded"

    def __init__(self) -> None:
        super().__init__(3, 3, 1)


def triples(count: int = 3) -> list[Triple]:
    made = []
    for index in range(count):
        reference = torch.rand(3, 24, 20, generator=torch.Generator().manual_seed(index)) * 1.6 + 0.05
        ldr = (reference.clamp(max=1) * 255).round() / 255
        made.append(Triple(ldr, reference.clamp(max=1), reference, f"scene{index}", torch.tensor(1.0)))
    return made


def quartering(ldr: Tensor) -> Tensor:
    return 50 * ldr**2.24


METHOD = OperatorMethod(operator=quartering, name="quarter", title="Quarter")


def test_the_ldr_row_is_first_even_when_nobody_asked_for_it(tmp_path: Path) -> None:
    rows = evaluate([METHOD], triples(), tmp_path)
    assert [row.name for row in rows] == ["ldr", "quarter"]
    assert [row.name for row in with_ldr_first([METHOD, LdrIdentity(title="Input")])] == ["ldr", "quarter"]


def test_a_constant_gain_changes_the_unaligned_scores_only(tmp_path: Path) -> None:
    ldr, quarter = evaluate([METHOD], triples(), tmp_path)
    assert quarter.scores["psnr"].mean < ldr.scores["psnr"].mean - 3
    assert quarter.scores["pu21_psnr"].mean == pytest.approx(ldr.scores["pu21_psnr"].mean, abs=1e-3)


def test_the_csv_has_a_line_per_method_and_image_with_the_rows_numbers(tmp_path: Path) -> None:
    rows = evaluate([METHOD], triples(), tmp_path)
    lines = list(csv.DictReader((tmp_path / "per_image.csv").open(encoding="utf-8")))
    assert len(lines) == 2 * 3
    mine = [float(line["mu_psnr"]) for line in lines if line["method"] == "quarter"]
    assert sum(mine) / 3 == pytest.approx(rows[1].scores["mu_psnr"].mean)
    assert all(float(line["seconds"]) > 0 for line in lines)


def test_the_json_gives_the_rows_back(tmp_path: Path) -> None:
    dark = triples(1)[0]
    unclipped = Triple(dark.ldr * 0.5, dark.reference8, dark.reference16, "unclipped", dark.scale)
    rows = evaluate([METHOD], [unclipped, *triples(2)], tmp_path, facts={"commit": "abc"})
    results = read_results(tmp_path / "summary.json")
    assert results.facts == {"commit": "abc"}
    assert results.rows[1].scores == rows[1].scores
    assert math.isnan(results.rows[1].per_image["unclipped"]["stops_error_clipped"])
    assert results.rows[1].scores["stops_error_clipped"].images == 2


def test_a_networks_cost_is_in_its_row(tmp_path: Path) -> None:
    network = NetworkMethod(network=Halving(), name="net", title="Net")
    row = evaluate([network], triples(1), tmp_path)[1]
    assert (row.parameters, row.multiply_adds_per_pixel) == (12, 9)
    assert row.seconds_per_megapixel is not None
    assert row.seconds_per_megapixel > 0


def test_progress_and_visits_see_every_result(tmp_path: Path) -> None:
    steps: list[tuple[str, str, int]] = []
    seen: list[tuple[str, str]] = []
    evaluate(
        [METHOD],
        triples(2),
        tmp_path,
        progress=lambda *step: steps.append(step),
        visit=lambda triple, name, result: seen.append((str(triple.scene), name)),
    )
    assert steps[-1] == ("scene1", "Quarter", 4)
    assert seen == [("scene0", "ldr"), ("scene0", "quarter"), ("scene1", "ldr"), ("scene1", "quarter")]


def test_a_broken_result_names_method_and_scene(tmp_path: Path) -> None:
    broken = OperatorMethod(operator=lambda ldr: ldr * math.nan, name="b", title="Broken")
    with refusal_of("Broken, scene 'scene0'", "NaN"):
        evaluate([broken], triples(1), tmp_path)


def test_names_and_scenes_must_be_distinct_and_data_must_exist(tmp_path: Path) -> None:
    with refusal_of("methods", "'quarter'"):
        evaluate([METHOD, METHOD], triples(1), tmp_path)
    with refusal_of("scene 'scene0'"):
        evaluate([METHOD], [*triples(1), *triples(1)], tmp_path)
    with refusal_of("data", "0 images"):
        evaluate([METHOD], [], tmp_path)


def test_a_file_that_holds_no_results_is_refused(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text("[]", encoding="utf-8")
    with refusal_of(tmp_path / "summary.json"):
        read_results(tmp_path / "summary.json")


def test_intervals_go_by_place_and_places_are_in_the_files(tmp_path: Path) -> None:
    places = {"scene0": "studio", "scene1": "studio", "scene2": "street"}
    rows = evaluate([METHOD], triples(), tmp_path, places=places)
    assert rows[0].scores["pu21_psnr"].places == 2
    again = read_results(tmp_path / "summary.json").rows[1]
    assert again.places == places
    assert again.scores == rows[1].scores
    lines = list(csv.DictReader((tmp_path / "per_image.csv").open(encoding="utf-8")))
    assert {line["scene"]: line["place"] for line in lines} == places


class Longest(BracketMethod):
    """The light of a bracket's last frame."""

    def reconstruct(self, ldr: Tensor, *, scene: str) -> Tensor:
        return ldr[-1, 1]


def test_of_a_bracket_one_method_sees_all_frames_and_the_others_the_reference(tmp_path: Path) -> None:
    plain = triples()
    brackets = [one._replace(ldr=stack_exposures([one.ldr, one.ldr / 2], (0, -1))) for one in plain]
    ldr, quarter, longest = evaluate(
        [METHOD, Longest(name="longest", title="Longest")], brackets, tmp_path / "brackets"
    )
    alone = evaluate([METHOD], plain, tmp_path / "alone")
    for row, other in zip((ldr, quarter), alone, strict=True):
        assert row.scores["psnr"].mean == other.scores["psnr"].mean
    assert longest.scores["psnr"].mean != ldr.scores["psnr"].mean
