from collections.abc import Sequence
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from experiments.comparison import scoring
from experiments.comparison.budget import Budget
from experiments.comparison.row import Row, Training
from experiments.comparison.side_by_side import Job
from experiments.comparison.training import Plan
from tests.refusal import refusal_of
from twostage_hdr.evaluation.method_row import MethodRow
from twostage_hdr.evaluation.protocol import COLUMNS
from twostage_hdr.evaluation.results import Results, write_results
from twostage_hdr.evaluation.summarise import summarise

TRAINING = Training(Row(name="one", title="The one", settings=("module=two_stage",)), 0)
PSNR = COLUMNS[:1]


def evaluated(told: list[str], out: Path) -> Results:
    """What `twostage-hdr evaluate` would have left."""
    scored = {"ldr": 20.0, "one_seed0": 21.0, "bist2017": 19.0, "Published_2018": 24.0}
    rows = [
        MethodRow(name=name, title=name, per_image={"a": {"psnr": value}, "b": {"psnr": value + 1}})
        for name, value in scored.items()
    ]
    facts = {"weights": "/runs/one", "data": "HdrFolderSource, /data/hdr", "images": "2 of the test set"}
    return Results(summarise(rows, PSNR), list(PSNR), facts)


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.setattr(scoring, "_evaluated", evaluated)
    return Plan(work=tmp_path, data=("data=hdr_folder",), budgets={"one": Budget(updates=6, batch=8, crop=64)})


def test_weights_with_any_title_reach_the_command_as_they_are(plan: Plan, tmp_path: Path) -> None:
    networks = {"ExpandNet (published)": "/a b/it's.safetensors"}
    command = scoring.command(plan, TRAINING, networks, ["operators=true"], tmp_path / "out")
    parsed = {one.key_or_group: one.value() for one in OverridesParser.create().parse_overrides(command[4:])}
    assert {str(title): weights for title, weights in parsed["networks"].items()} == {
        "ExpandNet_published": networks["ExpandNet (published)"]
    }
    assert parsed["operators"] is True
    assert str(plan.folder(TRAINING)) in parsed.values()


def test_the_seeds_of_a_row_are_scored_by_one_process_and_each_gets_its_own_row(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Training(Row(name="other", title="Other", settings=()), 0)
    commands: list[list[str]] = []

    def pretend(jobs: Sequence[Job], *, at_once: int, threads: int) -> dict[str, str]:
        commands.extend(job.command for job in jobs)
        for job in jobs:
            names = ["one_seed0", "one_seed1"] if "one" in job.name else ["other_seed0"]
            rows = [
                MethodRow(name=n, title=n, per_image={"a": {"psnr": 20.0 + i}}, seconds_per_megapixel=2.0)
                for i, n in enumerate(["ldr", *names])
            ]
            write_results(job.log.parent, summarise(rows, PSNR), list(PSNR), {})
        return {}

    monkeypatch.setattr(scoring, "side_by_side", pretend)
    trainings = [TRAINING, other, TRAINING._replace(seed=1)]
    rows = scoring.score(plan, trainings, [], at_once=1, threads=1)
    assert {name: row.scores["psnr"].mean for name, row in rows.items()} == {
        "one_seed0": 21.0,
        "one_seed1": 22.0,
        "other_seed0": 21.0,
    }
    assert len(commands) == 2
    assert f"networks={{one_seed1: '{plan.folder(trainings[2])}'}}" in commands[0]
    assert rows["one_seed0"].seconds_per_megapixel == 2.0
    beside = scoring.score(plan, trainings, [], at_once=2, threads=1)
    assert beside["one_seed0"].seconds_per_megapixel is None


def test_a_scoring_that_fails_says_which_and_why(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "side_by_side", lambda *_, **__: {"one_seed0 scored": "no such folder"})
    with refusal_of("scoring", "one_seed0 scored: no such folder"):
        scoring.score(plan, [TRAINING], [], at_once=1, threads=1)


def test_rows_without_a_training_are_scored_once_and_name_no_folder_of_the_machine(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "results"
    networks = {"Published (2018)": "w.safetensors"}
    others = scoring.score_others(plan, TRAINING, networks, [], "/data/hdr", kept)
    assert [row.title for row in others.rows] == ["ldr", "bist2017", "Published (2018)"]
    assert others.rows[1].note.startswith("unverified; ")
    text = "".join(path.read_text() for path in (kept / scoring.OTHERS).iterdir())
    assert "/data" not in text
    assert "/runs" not in text
    monkeypatch.setattr(scoring, "_evaluated", lambda *_: pytest.fail("scored again"))
    again = scoring.score_others(plan, TRAINING, networks, [], "/data/hdr", kept)
    assert again.rows[2].scores == others.rows[2].scores
    with pytest.raises(pytest.fail.Exception):
        scoring.score_others(plan, TRAINING, {**networks, "Another": "a.safetensors"}, [], "/data/hdr", kept)
