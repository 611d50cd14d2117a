import io

import pytest
from rich.table import Table

from twostage_hdr.cli.terminal import Terminal

ODD = "a\x1b]0;owned\x07\x1b[2J[bold]b[/red]:skull:\r\nfailed: c\udcff"


def printed(*what: object) -> str:
    terminal, out = Terminal(), io.StringIO()
    terminal.file = out
    terminal.print(*what)
    return out.getvalue()


def in_a_table() -> Table:
    table = Table(ODD, title=ODD, box=None)
    table.add_row(ODD)
    return table


@pytest.mark.parametrize("what", [ODD, in_a_table()])
def test_a_strangers_words_are_printed_as_they_are(what: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    out = printed(what)
    assert "a\\x1b]0;owned\\x07\\x1b[2J[bold]b[/red]:skull:\\r\\nfailed: c\\udcff" in out
    assert all(letter.isprintable() or letter == "\n" for letter in out)


def test_lines_of_ones_own_stay_lines() -> None:
    terminal, out = Terminal(), io.StringIO()
    terminal.file = out
    terminal.print("a", "b\nc", sep="\n")
    assert out.getvalue() == "a\nb\\nc\n"
