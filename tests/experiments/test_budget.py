import pytest

from experiments.comparison.budget import Budget
from experiments.comparison.measure import plan_text

BUDGET = Budget(updates=600, batch=8, crop=64, validations=3)


def test_validations_divide_the_crops_but_do_not_change_their_number() -> None:
    settings = dict(setting.split("=") for setting in BUDGET.settings())
    assert int(settings["data.patches_per_epoch"]) * int(settings["trainer.max_epochs"]) == 600 * 8
    assert settings["data.crop_size"] == "64"


def test_minutes_become_whole_updates_for_each_validation() -> None:
    # 10 minutes at 1.3 s are 461.5 updates; 459 = 3 x 153 is the most that three validations divide.
    assert BUDGET.within(10, 1.3).updates == 459
    assert BUDGET.within(0.001, 10).updates == 3
    assert "10 minutes" in BUDGET.within(10, 1.3).text()


@pytest.mark.parametrize(("updates", "validations"), [(10, 3), (0, 1)])
def test_a_budget_that_does_not_come_out_even_is_refused(updates: int, validations: int) -> None:
    with pytest.raises(ValueError, match=f"updates={updates}"):
        Budget(updates=updates, batch=8, crop=64, validations=validations)


def test_a_plan_counts_every_row_with_all_its_seeds() -> None:
    text = plan_text({"one": 2.0, "two": 4.0}, {"one": BUDGET, "two": BUDGET}, seeds=3, at_once=2)
    assert text.endswith("all: 3.00 core hours, 2 at once")  # 600 x 3 x 6 s
