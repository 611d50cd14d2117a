import csv
import json
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from experiments.comparison import scoring
from experiments.comparison.budget import Budget
from experiments.comparison.row import Row, Training
from experiments.comparison.training import Plan
from twostage_hdr.evaluation.method_row import MethodRow
from twostage_hdr.evaluation.protocol import COLUMNS
from twostage_hdr.evaluation.results import Results, read_results
from twostage_hdr.evaluation.summarise import summarise

ROW = Row(name="one", title="The one", settings=("module=two_stage",), note="a note")
TRAININGS = [Training(ROW, 0), Training(ROW, 1)]
PSNR = COLUMNS[:1]


def results(root: str = "/data/hdr") -> Results:
    scored = {"ldr": 20.0, "one_seed0": 21.0, "one_seed1": 23.0, "bist2017": 19.0, "Published_2018": 24.0}
    rows = [
        MethodRow(name=name, title=name, per_image={"a": {"psnr": value}, "b": {"psnr": value + 1}})
        for name, value in scored.items()
    ]
    facts = {"weights": "/runs/one", "data": f"HdrFolderSource, {root}", "images": "2 of the test set", "version": "1"}
    return Results(summarise(rows, PSNR), list(PSNR), facts)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    plan = Plan(
        work=tmp_path, data=("data=hdr_folder",), budgets={"one": Budget(updates=1500, batch=8, crop=64, validations=3)}
    )
    for training in TRAININGS:
        folder = plan.folder(training)
        folder.mkdir(parents=True)
        (folder / "config.yaml").write_text(f"seed: {training.seed}\nrun_dir: ${{run_dir}}\n")
        (folder / "finished.json").write_text(json.dumps({"seconds": 5.0, "best": 22.5}))
        (folder / "commits.json").write_text('["abc1234"]')
    return plan


def test_seeds_become_one_row_and_the_order_is_ldr_ours_others_and_what_is_absent() -> None:
    rows = scoring.merged(
        scoring.with_titles(results(), TRAININGS, ["Published (2018)"]), TRAININGS, {"By hand": "needs a person"}
    )
    assert [row.title for row in rows] == ["ldr", "The one", "bist2017", "Published (2018)", "By hand"]
    one, operator, absent = rows[1], rows[2], rows[4]
    assert one.scores["psnr"].mean == pytest.approx(22.5)
    assert one.note == "a note"
    assert operator.note.startswith("unverified; ")
    assert (absent.scores, absent.note) == ({}, "not run: needs a person")


def test_what_is_kept_can_be_read_again_and_names_no_folder_of_the_machine(plan: Plan, tmp_path: Path) -> None:
    told = results()
    target = tmp_path / "kept"
    scoring.keep(told, scoring.merged(told, TRAININGS, {}), plan, TRAININGS, "/data/hdr", target)
    text = "".join(path.read_text() for path in target.iterdir())
    assert "/data" not in text
    assert "/runs" not in text
    assert str(tmp_path) not in text
    again = read_results(target / "summary.json")
    assert again.facts["data"] == "HdrFolderSource, hdr"
    assert "1,500 updates of 8 crops of 64 px" in again.facts["budget"]
    assert "2 seeds" in again.facts["spread"]


def test_every_training_is_kept_with_its_commit_and_the_hash_of_its_settings(plan: Plan, tmp_path: Path) -> None:
    told = results()
    scoring.keep(told, scoring.merged(told, TRAININGS, {}), plan, TRAININGS, "/data/hdr", tmp_path / "kept")
    first, second = json.loads((tmp_path / "kept" / "summary.json").read_text())["training"]
    assert (first["row"], first["seed"], first["updates"], first["commits"]) == ("one", 0, 1500, ["abc1234"])
    assert first["config_sha256"] != second["config_sha256"]  # another seed
    with (tmp_path / "kept" / "seeds.csv").open() as file:
        assert [(line["seed"], float(line["psnr"])) for line in csv.DictReader(file)] == [("0", 21.5), ("1", 23.5)]


def test_weights_with_any_title_reach_the_command_as_they_are(plan: Plan, tmp_path: Path) -> None:
    networks = {"ExpandNet (published)": "/a b/it's.safetensors"}
    command = scoring.command(plan, TRAININGS, networks, ["operators=true"], tmp_path / "out")
    parsed = {one.key_or_group: one.value() for one in OverridesParser.create().parse_overrides(command[4:])}
    assert {str(title): weights for title, weights in parsed["networks"].items()} == {
        "one_seed1": str(plan.folder(TRAININGS[1])),
        "ExpandNet_published": networks["ExpandNet (published)"],
    }
    assert parsed["operators"] is True
    assert parsed["checkpoint"] == str(plan.folder(TRAININGS[0]))


def test_titles_tell_seeds_apart_where_there_are_several() -> None:
    several = scoring.with_titles(results(), TRAININGS, ["Published (2018)"])
    assert [row.title for row in several.rows[1:3]] == ["The one, seed 0", "The one, seed 1"]
    assert several.rows[-1].title == "Published (2018)"
    assert scoring.with_titles(results(), TRAININGS[:1], []).rows[1].title == "The one"
