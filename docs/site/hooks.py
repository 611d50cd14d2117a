"""Lays the repository's own pages out as a site: every file keeps its place, so that links work here as on a code host.

Pages that exist here only: the package's interface, one page for each of its parts (`api/`), the bibliography, and the
text files that pages link to.
"""

import logging
import posixpath
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

LOG = logging.getLogger("mkdocs.plugins.hooks")  # below mkdocs' own, so that --strict counts its warnings
ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "twostage_hdr"
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/*.md", "experiments/**/*.md", "integrations/**/*.md")
PICTURES = ("docs/images/*", "experiments/*/results/**/*.jpg", "experiments/*/results/**/*.png")
BIBLIOGRAPHY = "references.bib"
FETCHED = "https://unpkg.com/iframe-worker/shim"
LANGUAGES = {".py": "python", ".yaml": "yaml", ".json": "json"}
LINK = re.compile(r"(?<=\]\()(?!\w+:)([^)#\s]+)(?=[)#])")
"""Where a Markdown link or picture of this repository leads, without its anchor."""
KEY = r"[a-z]+\d{4,5}[a-z0-9]*"
CITED = re.compile(rf"\[({KEY}(?:[,;] *{KEY})*)\]")
"""Keys of the bibliography, as texts and docstrings give them."""


def on_config(config: MkDocsConfig) -> None:
    """Adds the pages of the package's parts to the navigation."""
    assert isinstance(config.nav, list)
    config.nav.insert(-1, {"Interface": ["api/README.md", *({part.stem: f"api/{part.stem}.md"} for part in _parts())]})


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """The repository's files under the paths that they have there."""

    def add(place: str, **source: str) -> None:
        if files.get_file_from_path(place) is None:
            files.append(File.generated(config, place, **source))

    add(f"{BIBLIOGRAPHY}.md", content=_bibliography())
    pages = {_place(path): path for pattern in PAGES for path in sorted(ROOT.glob(pattern))}
    for place, path in pages.items():
        add(place, abs_src_path=str(path))
        for target in _targets(place, path.read_text(encoding="utf-8")):
            if _address(target) == f"{_place(target)}.md":
                add(_address(target), content=_listing(target))
    for pattern in PICTURES:
        for path in ROOT.glob(pattern):
            add(_place(path), abs_src_path=str(path))
    for part in _parts():
        add(f"api/{part.stem}.md", content=f"::: twostage_hdr.{part.stem}\n")
    add("api/README.md", content=_interface())
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links to folders, code and other text files lead to the pages that stand for them here."""
    place = page.file.src_uri

    def here(found: re.Match[str]) -> str:
        target = _resolved(place, found[1])
        return posixpath.relpath(_address(target), posixpath.dirname(place)) if target.exists() else found[1]

    return LINK.sub(here, markdown)


def on_page_content(html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Citations become links; the mark of a literal block in docstrings is left out."""
    bibliography = posixpath.relpath(f"{BIBLIOGRAPHY}.html", posixpath.dirname(page.file.src_uri))

    def linked(key: re.Match[str]) -> str:
        if key[0] not in _entries():
            LOG.warning("%s cites %s, which is not in %s", page.file.src_uri, key[0], BIBLIOGRAPHY)
        return f'<a href="{bibliography}#{key[0]}">{key[0]}</a>'

    if page.file.src_uri != f"{BIBLIOGRAPHY}.md":
        html = CITED.sub(lambda cited: f"[{re.sub(KEY, linked, cited[1])}]", html)
    return html.replace("<p>::</p>\n", "")


def on_post_page(output: str, *, page: Page, config: MkDocsConfig) -> str:
    """What the theme would fetch lies in the site."""
    return output.replace(FETCHED, posixpath.relpath("iframe-worker.js", posixpath.dirname(page.file.src_uri)))


def on_post_template(output_content: str, *, template_name: str, config: MkDocsConfig) -> str:
    """Likewise for the page of errors."""
    return output_content.replace(FETCHED, "iframe-worker.js")


def _parts() -> list[Path]:
    """Of the package: its folders and modules, by name."""
    names = [path for path in PACKAGE.iterdir() if (path / "__init__.py").is_file() or path.name == "errors.py"]
    return sorted(names, key=lambda path: path.stem)


def _place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _resolved(place: str, link: str) -> Path:
    return Path(posixpath.normpath(ROOT / PurePosixPath(place).parent / link))


def _targets(place: str, markdown: str) -> Iterator[Path]:
    """Files of the repository that a page links to."""
    for link in LINK.findall(markdown):
        path = _resolved(place, link)
        if path.is_file() and path.is_relative_to(ROOT):
            yield path


def _address(target: Path) -> str:
    """The page or picture of the site that stands for a file or folder of the repository."""
    if target.is_relative_to(PACKAGE):
        part = (target.relative_to(PACKAGE).parts or ("README",))[0]
        return f"api/{part.removesuffix('.py')}.md"
    if target.is_dir():
        return _place(target / "README.md")
    return _place(target) if target.suffix in (".md", ".jpg", ".png") else f"{_place(target)}.md"


def _listing(path: Path) -> str:
    """A text file as a page."""
    text = path.read_text(encoding="utf-8").rstrip()
    language = LANGUAGES.get(path.suffix, "text")
    return f"---\nsearch: {{exclude: true}}\n---\n# {path.name}\n\n````{language}\n{text}\n````\n"


def _interface() -> str:
    lines = ["# The package, part by part", "", "| part | what it holds |", "|---|---|"]
    for part in _parts():
        source = (part / "__init__.py" if part.is_dir() else part).read_text(encoding="utf-8")
        purpose = source.split('"""')[1].splitlines()[0]
        lines.append(f"| [{part.stem}]({part.stem}.md) | {purpose} |")
    return "\n".join([*lines, "", "::: twostage_hdr", "    options: {show_submodules: false, heading_level: 2}", ""])


def _bibliography() -> str:
    """Every entry of references.bib, under its key."""
    lines = ["# References", ""]
    for key, field in _entries().items():
        where = field.get("journal") or field.get("booktitle") or field.get("institution", "")
        link = f"https://doi.org/{field['doi']}" if "doi" in field else f"https://arxiv.org/abs/{field.get('eprint')}"
        known = "doi" in field or "eprint" in field
        title = f"[{field['title']}]({link})" if known else field["title"]
        lines.append(f'- <a id="{key}"></a>**{key}** {field["author"]}: *{title}*. {where}, {field["year"]}.')
    return "\n".join([*lines, ""])


@cache
def _entries() -> dict[str, dict[str, str]]:
    """Fields of every entry of the bibliography, by its key."""
    text = (ROOT / BIBLIOGRAPHY).read_text(encoding="utf-8")
    return {
        key: {name: _plain(value) for name, value in re.findall(r"^ +(\w+) *= \{(.*)\},?$", body, re.MULTILINE)}
        for key, body in re.findall(r"^@\w+\{([^,\s]+),\n(.*?)^\}", text, re.MULTILINE | re.DOTALL)
    }


def _plain(text: str) -> str:
    """A field without TeX's marks: {\\'e} is é."""
    accents = {"'": "\u0301", "`": "\u0300", '"': "\u0308", "^": "\u0302", "~": "\u0303", "v": "\u030c", "c": "\u0327"}
    text = re.sub(r"\\([\"'`^~vc])\s*\{?(\w)\}?", lambda found: found[2] + accents[found[1]], text)
    return re.sub(r"[{}]|\\(?=[&%_])", "", text).replace("---", "—").replace("--", "–").replace(r"\l", "ł")
