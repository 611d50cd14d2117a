"""JSON, CSV and YAML from outside, within limits of size and nesting."""

import csv
import io
import json
import math
from collections.abc import Collection, Hashable
from pathlib import Path
from typing import Any

import yaml

from twostage_hdr.boundary.refusal import as_input_error, printable
from twostage_hdr.boundary.regular_file import read_text
from twostage_hdr.errors import InputError

_DEEPEST = 100
"""Levels of nesting; this program's own files have some ten."""
_YAML_AT_MOST = 2**18
"""Bytes of a configuration."""
_YAML_NODES_AT_MOST = 100_000
"""Scalars, lists and mappings of a configuration with its aliases written out; a run's has some 300."""


def read_json(path: str | Path, *, cure: str) -> Any:
    """A JSON file's object.

    Args:
        path: the file.
        cure: what to do if it cannot be used.

    Raises:
        InputError: not a readable file, no JSON (NaN and Infinity, which Python writes, are read; a name twice in one
            object and 1e400 are not), nested too deeply, or no object.
    """
    return parse_json(read_text(path, cure=cure), path, cure=cure)


def parse_json(text: str, subject: object, *, cure: str) -> Any:
    """JSON that came in another file (a header, an archive); arguments and errors as of `read_json`."""
    with as_input_error(subject, cure, "no readable JSON"):
        content = json.loads(text, object_pairs_hook=_once, parse_float=_finite, parse_int=_whole)
    _check_depth(content, subject, cure)
    if not isinstance(content, dict):
        raise InputError(subject, f"JSON of a {type(content).__name__}, where a dict is expected", cure)
    return content


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; two programs may take different ones of two values under one name."""
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a name is there twice in one object")
    return content


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is beyond all numbers")
    return value


def _whole(text: str) -> int:
    _finite(text)
    return int(text)


def _check_depth(content: Any, subject: object, cure: str) -> None:
    level, depth = [content], 0
    while level:
        if depth > _DEEPEST:
            raise InputError(subject, f"nested more than {_DEEPEST} levels deep", cure)
        lists = [
            outer.values() if isinstance(outer, dict) else outer for outer in level if isinstance(outer, dict | list)
        ]
        level, depth = [inner for values in lists for inner in values], depth + 1


def read_csv(path: str | Path, columns: Collection[str], *, cure: str) -> list[dict[str, str]]:
    """The lines of a CSV file by the names of its first line, white space around values removed.

    Args:
        path: the file.
        columns: names that must be there; others may.
        cure: what to do if it cannot be used.

    Raises:
        InputError: not a readable file, a column is missing or there twice, or a line has another number of values.
    """
    text = read_text(path, cure=cure)
    with as_input_error(path, cure, "no readable CSV"):
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        lines = [(reader.line_num, [value.strip() for value in values]) for values in reader if values]
    names = lines[0][1] if lines else []
    for column in columns:
        if column not in names:
            raise InputError(path, f"the column {column} is missing (it has {printable(', '.join(names))})", cure)
        if (times := names.count(column)) > 1:
            raise InputError(path, f"the column {column} is there {times} times", cure)
    for number, values in lines[1:]:
        if len(values) != len(names):
            raise InputError(path, f"line {number} has {len(values)} values for {len(names)} columns", cure)
    return [dict(zip(names, values, strict=True)) for _, values in lines[1:]]


def read_yaml_text(path: str | Path, *, cure: str) -> str:
    """The text of a YAML file that is safe to parse: of few nodes, even with its aliases written out.

    The text and not its content, since OmegaConf reads numbers in a way of its own.

    Raises:
        InputError: not a readable file, no YAML, nested too deeply, or aliases that unfold beyond measure.
    """
    text = read_text(path, at_most=_YAML_AT_MOST, cure=cure)
    with as_input_error(path, cure, "no readable YAML"):
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        nodes = _unfolded(root, {}, 0) if root else 0
    if nodes > _YAML_NODES_AT_MOST:
        raise InputError(path, f"YAML of more than {_YAML_NODES_AT_MOST} values once its aliases are unfolded", cure)
    return text


def _unfolded(node: yaml.Node, known: dict[Hashable, int], depth: int) -> int:
    """How many nodes there are with aliases written out.

    Raises:
        ValueError: deeper than any configuration, or an alias of what it is in.
    """
    if depth > _DEEPEST:
        raise ValueError(f"nested more than {_DEEPEST} levels deep, or an alias within itself")
    if id(node) not in known:
        inner = [part for entry in node.value for part in (entry if isinstance(entry, tuple) else (entry,))]
        parts = inner if isinstance(node, yaml.CollectionNode) else []
        known[id(node)] = 1 + sum(_unfolded(part, known, depth + 1) for part in parts)
    return known[id(node)]
