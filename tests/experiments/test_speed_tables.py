"""The speed tables that people read are those that were measured."""

import json

from experiments.speed import tables


def test_the_readmes_tables_are_those_of_the_data() -> None:
    text = (tables.HERE / "README.md").read_text(encoding="utf-8")
    assert tables.render(text) == text


def test_every_table_shows_its_ratios() -> None:
    text = (tables.HERE / "README.md").read_text(encoding="utf-8")
    figures = json.loads((tables.HERE / "results" / "training.json").read_text(encoding="utf-8"))
    for row in figures["rows"].values():
        assert f"**{row['seconds']['times_as_fast']:.2f}**" in text
