"""A folder that an interrupted command resumes: one process at a time, and only with the settings it began with."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twostage_hdr.errors import InputError

_LONGEST_SHOWN = 6


@contextmanager
def exclusive_lock(path: Path, refusal: InputError) -> Iterator[None]:
    """Holds the lock file `path` for this process; the lock ends with the process, however that ends.

    Raises:
        InputError: `refusal`, when another process holds it.
        OSError: it cannot be made, or is a link: what a folder from elsewhere links to is not touched.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK  # the last: opening a pipe must not wait
    with os.fdopen(os.open(path, flags, 0o666), "r+b", buffering=0) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise refusal from error
        yield


def changed_settings(before: Any, now: Any, key: str = "") -> list[str]:
    """The settings that differ, each as `name.of.setting: old -> new`; of long lists only the lengths."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        return [
            line
            for name in dict.fromkeys([*now, *before])
            for line in changed_settings(before.get(name), now.get(name), f"{key}.{name}".lstrip("."))
        ]
    if before == now:
        return []
    long = any(isinstance(value, list) and len(value) > _LONGEST_SHOWN for value in (before, now))
    return [f"{key}: {len(before or [])} -> {len(now or [])} entries" if long else f"{key}: {before} -> {now}"]
