"""Rows of the tables: what they train, and that nothing else differs between them."""

from collections.abc import Callable
from typing import Any

import hydra
import pytest
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from experiments.comparison.rates import own_rate
from experiments.comparison.row import Row, Training, chosen
from experiments.table1_comparison.rows import ABSENT
from experiments.table1_comparison.rows import ROWS as COMPARED
from experiments.table2_ablation.rows import PARTS, RECIPE, STAGES
from twostage_hdr.cli.hydra_command import config_directory

TABLES = {"table1": COMPARED, "stages": STAGES, "parts": PARTS}
ALL = [pytest.param(row, id=f"{table}-{row.name}") for table, rows in TABLES.items() for row in rows]
OVERLAID = {"callbacks", "identity_start", "trainer"}
NO_ROW = {
    "none",
    "colour_without_gradient",
}  # the base; and what equals `without_colour` in every digit, a unit test's matter


@pytest.fixture(scope="module")
def settings() -> Callable[..., dict[str, Any]]:
    def compose(*overrides: str) -> dict[str, Any]:
        GlobalHydra.instance().clear()
        with hydra.initialize_config_dir(version_base="1.3", config_dir=str(config_directory())):
            composed = OmegaConf.to_container(hydra.compose("train", ["run_dir=.", *overrides]), resolve=True)
        assert isinstance(composed, dict)
        return composed

    return compose


def test_every_network_of_the_package_has_a_row_in_table_1() -> None:
    files = {path.stem for path in (config_directory() / "module").glob("*.yaml")}
    ours = {
        "enhancement",
        "tone_mapping",
        "one_network",
        "two_stage_context",
        "two_stage_whole_frame",
        "multi_shot",
        "ahdrnet",
    }  # parts and variants of the two stages; networks of several exposures have a table of their own
    assert {row.settings[0].removeprefix("module=") for row in COMPARED} == files - ours


def test_every_ablation_has_a_row_in_table_2() -> None:
    ablations = {path.stem for path in (config_directory() / "ablation").glob("*.yaml")}
    rows = (*STAGES, *PARTS)
    assert {s.removeprefix("ablation=") for row in rows for s in row.settings if "ablation" in s} == ablations - NO_ROW


@pytest.mark.parametrize("row", ALL)
def test_a_row_differs_from_the_paper_in_its_module_alone(row: Row, settings: Callable[..., dict[str, Any]]) -> None:
    camera = ("data=hdr_folder", "data.root=.", "camera=bracketed")
    own, paper = (settings(*camera, *of_row) for of_row in (row.settings, RECIPE))
    differs = {key for key in paper if own[key] != paper[key]}
    allowed = {"medium_exposure": {"camera", "data"}, "literal": {"module", *OVERLAID}}
    assert differs <= allowed.get(row.name, {"module"})


def test_the_literal_row_has_nothing_of_what_the_others_share(settings: Callable[..., dict[str, Any]]) -> None:
    literal = next(row for row in STAGES if row.name == "literal")
    own, default = settings(*literal.settings), settings()
    assert own == default
    shared = settings(*RECIPE)
    assert {key for key in default if shared[key] != default[key]} == {"module", *OVERLAID}
    assert shared["module"]["schedule"] is not None
    assert "ema" in shared["callbacks"]


@pytest.mark.parametrize("rows", TABLES.values(), ids=TABLES)
def test_names_and_titles_are_all_different(rows: tuple[Row, ...]) -> None:
    assert len({row.name for row in rows}) == len({row.title for row in rows}) == len(rows)
    assert not {row.title for row in rows} & set(ABSENT)


def test_a_row_brings_the_row_that_it_starts_from() -> None:
    assert [row.name for row in chosen(STAGES, ["sequential"])] == ["enhancement", "sequential"]
    assert [row.name for row in chosen(STAGES, None)] == [row.name for row in STAGES]
    with pytest.raises(ValueError, match="sequentiel"):
        chosen(STAGES, ["sequentiel"])
    assert all(row.further == (row.start == "two_stage") for row in PARTS)


def test_a_seed_has_a_folder_of_its_own() -> None:
    assert Training(COMPARED[0], 2).name == "two_stage_seed2"
    assert Training(COMPARED[0], 2, "_x3").name == "two_stage_x3_seed2"


def test_a_row_at_another_rate_differs_in_its_rate(settings: Callable[..., dict[str, Any]]) -> None:
    for row in COMPARED:
        own = own_rate(row)
        assert settings(*row.at_rate(3 * own).settings)["module"]["optimizer"]["lr"] == pytest.approx(3 * own)
