"""What a test expects of a refusal: its subject and the values that it names, not its wording."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from twostage_hdr.errors import InputError


@contextmanager
def refusal_of(subject: object, *values: object) -> Iterator[pytest.ExceptionInfo[InputError]]:
    """The block must be refused with one line.

    Args:
        subject: the file or the setting, or a part of its name.
        values: that the line must name beside it: what was seen, choices, options, commands; an int as a number of its
            own, not as a part of a longer one.
    """
    with pytest.raises(InputError) as caught:
        yield caught
    error = caught.value
    assert "\n" not in str(error), error
    assert str(subject) in error.subject, error
    for value in values:
        pattern = rf"(?<!\d){value}(?!\d)" if isinstance(value, int) else re.escape(str(value))
        assert re.search(pattern, f"{error.seen}; {error.cure}"), f"{value} is missing in: {error}"
