from dataclasses import replace
from pathlib import Path

import pytest

from experiments.comparison.budget import Budget
from experiments.comparison.record import Record, read_records, refuse_other_budgets, write_record
from experiments.comparison.row import Row, Training
from experiments.comparison.training import Plan
from tests.refusal import refusal_of

RECORD = Record(row="first", seed=1, updates=2000, batch=8, crop_px=64, validations=4, trainer="gpu")


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return Plan(work=tmp_path, data=(), budgets={"first": Budget(updates=2000, batch=8, crop=64)}, trainer="gpu")


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_record(tmp_path / "trainings" / "first_seed1.json", RECORD)
    assert read_records(tmp_path) == [RECORD]


@pytest.fixture
def missing() -> list[Training]:
    return [Training(Row(name="second", title="Second", settings=()), RECORD.seed)]


def test_trainings_of_the_same_budget_and_trainer_share_a_table(
    plan: Plan, missing: list[Training], tmp_path: Path
) -> None:
    refuse_other_budgets(tmp_path, [RECORD, replace(RECORD, row="of another table", updates=3)], plan, missing)


def test_a_seed_may_have_another_trainer_than_the_next(plan: Plan, missing: list[Training], tmp_path: Path) -> None:
    refuse_other_budgets(tmp_path, [replace(RECORD, seed=0, trainer="cpu_bf16"), RECORD], plan, missing)


@pytest.mark.parametrize("other", [{"updates": 300}, {"batch": 4}, {"crop_px": 128}, {"trainer": "cpu"}], ids=str)
def test_trainings_of_another_budget_or_trainer_are_refused(
    plan: Plan, missing: list[Training], tmp_path: Path, other: dict
) -> None:
    with refusal_of(tmp_path, "first", "seed 1", *other.values(), "--results"):
        refuse_other_budgets(tmp_path, [replace(RECORD, **other)], plan, missing)
