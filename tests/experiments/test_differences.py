"""Differences of a table's rows: what they say, and when they say that nothing is known."""

import numpy as np

from experiments.comparison.differences import differences, differences_table
from experiments.comparison.row import Row
from twostage_hdr.evaluation.method_row import MethodRow
from twostage_hdr.evaluation.protocol import COLUMNS

ROWS = [Row(name=name, title=name.title(), settings=()) for name in ("paper", "better", "alike", "new")]
COLUMN = [column for column in COLUMNS if column.key == "pu21_psnr"]


def scored() -> dict[str, dict[int, MethodRow]]:
    """Three seeds; `better` is 1 dB above, `alike` scatters around the paper's row, `new` has one seed."""
    rng = np.random.default_rng(0)
    level = rng.normal(25, 3, size=(3, 20))
    gains = {"paper": 0 * level, "better": 1 + rng.normal(0, 0.1, level.shape), "alike": rng.normal(0, 1, level.shape)}
    gains["new"] = gains["better"][:1]
    return {
        name: {
            seed: MethodRow(
                name=name,
                title=name,
                per_image={f"{i}": {"pu21_psnr": float(level[seed, i] + one)} for i, one in enumerate(gain)},
                places={f"{i}": f"place {i // 2}" for i in range(20)},
            )
            for seed, gain in enumerate(of_row)
        }
        for name, of_row in gains.items()
    }


def test_a_row_is_compared_on_the_seeds_that_both_have() -> None:
    found = {one["row"]: one for one in differences(ROWS, scored(), "paper", COLUMN)}
    assert {name: one["seeds"] for name, one in found.items()} == {"better": 3, "alike": 3, "new": 1}
    assert all((one["images"], one["places"]) == (20, 10) for one in found.values())
    assert 0.9 < found["better"]["low"] < found["better"]["mean"] < found["better"]["high"] < 1.1
    assert found["alike"]["low"] < 0 < found["alike"]["high"]
    assert found["better"]["p_value_holm"] >= found["better"]["p_value"]


def test_only_what_is_told_apart_has_a_star_and_the_others_say_what_it_would_take() -> None:
    table = differences_table(differences(ROWS, scored(), "paper", COLUMN), ROWS, "Paper", COLUMN)
    lines = {line.split(" | ")[0].strip("| "): line for line in table.splitlines() if line.startswith("| ")}
    assert "\\*" in lines["Better"]
    assert "\\*" not in lines["Alike"]
    assert " p |" in lines["Alike"]
    assert "\\*" not in lines["New"]  # one seed
    assert "20 images of 10 places" in table


def test_nothing_to_compare_gives_no_table() -> None:
    assert differences_table(differences(ROWS, {}, "paper", COLUMN), ROWS, "Paper", COLUMN) == ""
