"""The tables of docs/formats.md name exactly the formats that the program offers."""

import re
from pathlib import Path

import pytest

from twostage_hdr.imaging.formats import FORMATS, result_format
from twostage_hdr.imaging.hdr import HDR_READERS
from twostage_hdr.imaging.ldr import PHOTOGRAPHS

PAGE = Path(__file__).parents[1] / "docs" / "formats.md"


@pytest.fixture(scope="module")
def tables() -> dict[str, list[list[str]]]:
    """The cells of each table, by the first word of the heading above it."""
    found: dict[str, list[list[str]]] = {}
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
        found[section.split(":")[0]] = [[cell.strip() for cell in row] for row in rows[2:]]
    return found


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_the_written_formats_are_those_offered_under_the_names_they_get(tables: dict[str, list[list[str]]]) -> None:
    page = {code(row[0])[0]: tuple(code(row[1])) for row in tables["Written"]}
    assert page == {name: tuple(f"photo{ending}" for ending in result_format(name).endings) for name in FORMATS}


def test_every_written_format_names_a_second_implementation_that_always_runs(tables) -> None:
    assert all(row[-1].split(";")[0].strip() for row in tables["Written"])


def test_the_hdr_formats_read_are_those_with_a_reader(tables) -> None:
    suffixes = [suffix for row in tables["Read as HDR"] for suffix in code(row[0])]
    assert sorted(suffixes) == sorted(HDR_READERS)


def test_the_photographs_read_are_those_searched_for_in_folders(tables) -> None:
    suffixes = [suffix for row in tables["Read as photographs"] for suffix in code(row[0])]
    assert sorted(suffixes) == sorted(PHOTOGRAPHS)
