from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.comparison import training
from experiments.comparison.budget import Budget
from experiments.comparison.row import Row, Training
from experiments.comparison.side_by_side import Job
from experiments.comparison.training import Plan, commits, note_commit, refuse_uncommitted, train
from tests.refusal import refusal_of

FIRST = Row(name="first", title="First", settings=("module=enhancement",))
SECOND = Row(name="second", title="Second", settings=("ablation=sequential",), start="first")
BUDGET = Budget(updates=2, batch=2, crop=16)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    budgets = {row.name: BUDGET for row in (FIRST, SECOND)}
    return Plan(work=tmp_path, data=("data=procedural",), budgets=budgets, more=("module.optimizer.lr=1e-3",))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """What would have been run, in order; a job named in `fails` fails."""
    jobs: list[Job] = []

    def pretend(wave: Sequence[Job], *, at_once: int, threads: int) -> dict[str, str]:
        jobs.extend(wave)
        return {job.name: "not finite" for job in wave if job.name == "first_seed1"}

    monkeypatch.setattr(training, "side_by_side", pretend)
    return jobs


def test_a_finished_row_is_skipped_and_the_others_are_trained(plan: Plan, started: list[Job]) -> None:
    done = plan.folder(Training(FIRST, 0))
    done.mkdir(parents=True)
    (done / "finished.json").write_text("{}")
    assert train(plan, [Training(FIRST, 0), Training(SECOND, 0)], at_once=1, threads=1) == {}
    assert [job.name for job in started] == ["second_seed0"]


def test_a_row_comes_after_the_row_that_it_starts_from(plan: Plan, started: list[Job]) -> None:
    trainings = [Training(row, seed) for row in (SECOND, FIRST) for seed in (0, 1)]
    assert train(plan, trainings, at_once=1, threads=1) == {"first_seed1": "not finite"}
    # That a job is left out when what it comes after has failed is `side_by_side`'s part.
    after = [(job.name, job.after) for job in started]
    assert after[:2] == [("first_seed0", None), ("first_seed1", None)]
    assert after[2:] == [("second_seed0", "first_seed0"), ("second_seed1", "first_seed1")]


def test_a_command_has_the_data_the_budget_the_row_its_start_and_its_own_folder(plan: Plan) -> None:
    command = plan.command(Training(SECOND, 3))
    assert command[2:4] == ["twostage_hdr", "train"]
    assert {"data=procedural", *BUDGET.settings(), "ablation=sequential", "module.optimizer.lr=1e-3"} <= set(command)
    assert "trainer=cpu" in command
    assert "trainer=gpu" in replace(plan, trainer="gpu").command(Training(SECOND, 3))
    assert f"weights={plan.work / 'runs' / 'first_seed3'}" in command
    assert command[-2:] == ["seed=3", f"hydra.run.dir={plan.folder(Training(SECOND, 3))}"]


def test_every_state_of_the_sources_that_trained_a_run_is_kept_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for state in ("abc", "abc", "def-dirty"):
        monkeypatch.setattr(training, "commit", lambda state=state: state)
        note_commit(tmp_path)
    assert commits(tmp_path) == ["abc", "def-dirty"]


def test_sources_with_changes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "commit", lambda: "abc1234")
    refuse_uncommitted()
    monkeypatch.setattr(training, "commit", lambda: "abc1234-dirty")
    with refusal_of("abc1234-dirty", "--uncommitted"):
        refuse_uncommitted()
