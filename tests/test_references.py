"""What the project says of its sources: every key that is used is spelt out in references.bib, once."""

import ast
import re
from pathlib import Path

import pytest
import yaml

import twostage_hdr

ROOT = Path(__file__).parents[1]
KEY = r"[a-z]+\d{4,5}[a-z0-9]*"
CITED = re.compile(rf"\[({KEY}(?:[,;] *{KEY})*)[\],]")
KINDS = {
    "article": {"author", "title", "journal", "year"},
    "inproceedings": {"author", "title", "booktitle", "year"},
    "techreport": {"author", "title", "institution", "year"},
}


def entries() -> list[tuple[str, str, dict[str, str]]]:
    """(kind, key, fields) of every entry."""
    text = (ROOT / "references.bib").read_text(encoding="utf-8")
    found = re.findall(r"^@(\w+)\{([^,\s]+),\n(.*?)^\}", text, re.MULTILINE | re.DOTALL)
    assert len(found) == len(re.findall(r"^@", text, re.MULTILINE)), "an entry is not closed"
    return [
        (kind, key, dict(re.findall(r"^ +(\w+) *= \{(.*)\},?$", fields, re.MULTILINE))) for kind, key, fields in found
    ]


KEYS = [key for _, key, _ in entries()]


def cited_in(text: str) -> set[str]:
    return {key for group in CITED.findall(text) for key in re.findall(KEY, group)}


def docstrings(source: str) -> str:
    """All strings that stand alone (docstrings, also those of constants), and all comments."""
    tree = ast.parse(source)
    alone = [
        node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]
    return "\n".join([*alone, *re.findall(r"#.*", source)])


def test_every_key_in_the_code_is_in_the_bibliography() -> None:
    cited = {path: cited_in(docstrings(path.read_text(encoding="utf-8"))) for path in (ROOT / "src").rglob("*.py")}
    assert "sharif2021twostage" in set().union(*cited.values())
    assert {str(path): unknown for path, keys in cited.items() if (unknown := keys - set(KEYS))} == {}


def test_every_key_in_configs_and_documents_is_in_the_bibliography() -> None:
    folders = ("conf", "experiments", "docs", "notebooks")
    files = [*ROOT.glob("*.md"), *(path for folder in folders for path in (ROOT / folder).rglob("*"))]
    for path in files:
        if path.suffix in (".yaml", ".md", ".py"):
            assert cited_in(path.read_text(encoding="utf-8")) <= set(KEYS), path


def test_keys_are_found_in_all_the_ways_in_which_they_are_written() -> None:
    text = "a [wang2004ssim] b [endo2017drtmo, lee2018recursive] c [st2084] d [itu2100]. x[index2] [0, 1] [B, 3]"
    assert cited_in(text) == {"wang2004ssim", "endo2017drtmo", "lee2018recursive", "st2084", "itu2100"}


def test_no_key_is_spelt_out_twice() -> None:
    assert len(set(KEYS)) == len(KEYS)


@pytest.mark.parametrize(
    ("kind", "key", "fields"), entries(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_entry_has_what_its_kind_needs(kind: str, key: str, fields: dict[str, str]) -> None:
    assert fields.keys() >= KINDS[kind]
    assert re.fullmatch(r"\d{4}", fields["year"])
    assert all(value and value.count("{") == value.count("}") for value in fields.values())
    assert re.fullmatch(r"\d{4}\.\d{4,5}", fields.get("eprint", "0000.0000"))
    assert fields.get("doi", "10.0/").startswith("10.")


def test_the_citation_file_names_this_version_and_the_paper() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["version"] == twostage_hdr.__version__
    (paper,) = [fields for _, key, fields in entries() if key == "sharif2021twostage"]
    (reference,) = citation["references"]
    assert reference["title"] == paper["title"]
    assert str(reference["year"]) == paper["year"]
    assert f"{reference['start']}--{reference['end']}" == paper["pages"]
