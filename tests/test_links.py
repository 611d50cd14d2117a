"""The pages as a code host shows them: every link leads to a file of the repository, every anchor to a heading."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [
    *ROOT.glob("*.md"),
    *(page for part in ("docs", "experiments", "integrations") for page in (ROOT / part).rglob("*.md")),
]
HOOKS = ROOT / "docs" / "site" / "hooks.py"
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]*))?\)")


def prose(page: Path) -> str:
    """Without code, in which brackets mean other things."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", "code", text)


def anchors(page: Path) -> set[str]:
    """Of the headings, as code hosts make them: lower case, hyphens for spaces, no punctuation."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ +(.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for target, anchor in LINK.findall(prose(page)):
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(f"{target}#{anchor}")
    assert broken == []


def test_links_are_found() -> None:
    assert ("results.md", "the-default-set-on-26-places") in LINK.findall(prose(ROOT / "docs" / "weights.md"))


def test_the_documentation_site_has_what_pages_link_to() -> None:
    """`make docs`, which is not part of the tests, ends with an error on these."""
    patterns = ast.literal_eval(re.search(r"^PICTURES = (.*)$", HOOKS.read_text("utf-8"), re.MULTILINE)[1])
    pictures = {path for pattern in patterns for path in ROOT.glob(pattern)}
    missing = []
    for page in PAGES:
        for target, _ in LINK.findall(prose(page)):
            path = (page.parent / target).resolve()
            of_package = path.is_relative_to(ROOT / "src")
            if path.is_dir() and not of_package and not (path / "README.md").exists():
                missing.append(f"{page.name}: {target} has no README.md")
            if path.suffix in (".png", ".jpg") and path not in pictures:
                missing.append(f"{page.name}: {target} is not among PICTURES")
    assert missing == []
