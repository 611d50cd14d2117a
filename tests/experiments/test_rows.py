"""Rows of the tables: what they train, and that nothing else differs between them."""

from collections.abc import Callable
from typing import Any

import hydra
import pytest
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from experiments.comparison.row import Row, Training, chosen
from experiments.table1_comparison.rows import ABSENT
from experiments.table1_comparison.rows import ROWS as COMPARED
from experiments.table2_ablation.rows import ROWS as ABLATED
from twostage_hdr.cli.hydra_verb import config_directory

ALL = [pytest.param(row, id=f"{table}-{row.name}") for table, rows in ((1, COMPARED), (2, ABLATED)) for row in rows]


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
    }  # parts and a variant of the two stages
    assert {row.settings[0].removeprefix("module=") for row in COMPARED} == files - ours


def test_every_ablation_has_a_row_in_table_2() -> None:
    ablations = {path.stem for path in (config_directory() / "ablation").glob("*.yaml")}
    assert {s.removeprefix("ablation=") for row in ABLATED for s in row.settings if "ablation" in s} == ablations


@pytest.mark.parametrize("row", ALL)
def test_a_row_differs_from_the_paper_in_its_module_alone(row: Row, settings: Callable[..., dict[str, Any]]) -> None:
    own, paper = settings(*row.settings), settings()
    assert {key for key in paper if own[key] != paper[key]} <= {"module"}


@pytest.mark.parametrize("rows", [COMPARED, ABLATED], ids=["table1", "table2"])
def test_names_and_titles_are_all_different(rows: tuple[Row, ...]) -> None:
    assert len({row.name for row in rows}) == len({row.title for row in rows}) == len(rows)
    assert not {row.title for row in rows} & set(ABSENT)


def test_a_row_brings_the_row_that_it_starts_from() -> None:
    assert [row.name for row in chosen(ABLATED, ["sequential"])] == ["enhancement", "sequential"]
    assert [row.name for row in chosen(ABLATED, None)] == [row.name for row in ABLATED]
    with pytest.raises(ValueError, match="sequentiel"):
        chosen(ABLATED, ["sequentiel"])


def test_a_seed_has_a_folder_of_its_own() -> None:
    assert Training(COMPARED[0], 2).name == "two_stage_seed2"
