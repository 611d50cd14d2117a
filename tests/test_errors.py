"""The one line that a user sees, and the fields that tests and programs read instead of it."""

import pickle

import pytest

from twostage_hdr.errors import InputError


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        (("a.png", "8 bits", "give 16"), "a.png: 8 bits; give 16"),
        (("--tile 0", "expected 1 or more"), "--tile 0: expected 1 or more"),
        (("data", "", "give a folder"), "data; give a folder"),
        (("a line from another process",), "a line from another process"),
    ],
)
def test_the_line_names_subject_value_and_cure(fields: tuple[str, ...], line: str) -> None:
    assert str(InputError(*fields)) == line


def test_the_fields_survive_the_way_between_processes() -> None:
    error = pickle.loads(pickle.dumps(InputError("a.png", "8 bits", "give 16")))
    assert (error.subject, error.seen, error.cure) == ("a.png", "8 bits", "give 16")
