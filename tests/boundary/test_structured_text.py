import csv
import time

import pytest

from tests.refusal import refusal_of
from twostage_hdr.boundary.structured_text import parse_json, read_csv, read_json, read_yaml_text


def _assert_refused(read, path, content, *arguments, seen=()) -> None:
    path.write_bytes(content)
    with refusal_of(path, "write it again", *seen):
        read(path, *arguments, cure="write it again")


def test_json_is_read(tmp_path):
    (tmp_path / "a.json").write_text('{"a": [1, 2]}')
    assert read_json(tmp_path / "a.json", cure="c") == {"a": [1, 2]}
    assert parse_json('{"b": 1}', "header", cure="c") == {"b": 1}


@pytest.mark.parametrize(
    "content",
    [b"{", b"[" * 100_000, b"[" * 200 + b"]" * 200, b"[]", b"1" * 5000, b'{"a": ' * 500 + b"1" + b"}" * 500, b"\xff",
     b'{"a": 1e400}', b'{"a": ' + b"9" * 400 + b"}", b'{"b": {"a": 1, "a": 2}}'],
)  # fmt: skip
def test_json_that_cannot_be_used_is_refused(tmp_path, content):
    _assert_refused(read_json, tmp_path / "a.json", content)


def test_csv_is_read_by_its_columns(tmp_path):
    (tmp_path / "a.csv").write_text('scene, sequence\r\n"a,b", 1\r\n\r\nc,2\r\n')
    lines = [{"scene": "a,b", "sequence": "1"}, {"scene": "c", "sequence": "2"}]
    assert read_csv(tmp_path / "a.csv", ["scene"], cure="c") == lines


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (b"other\n1\n", ("scene", "other")),
        (b"scene,b\n1\n", ("line 2", "1", "2 columns")),
        (b"scene\n1,2\n", ("line 2", "2", "1 column")),
        (b"scene,a,scene\n1,2,3\n", ("scene", "2 times")),
        (b'scene\n"1', ("CSV",)),
        (b"scene\n" + b"x" * 200_000, ("CSV", csv.field_size_limit())),
    ],
)
def test_csv_that_cannot_be_used_is_refused(tmp_path, content, seen):
    _assert_refused(read_csv, tmp_path / "a.csv", content, ["scene"], seen=seen)


def test_yaml_with_an_alias_passes_as_its_text(tmp_path):
    text = "a: &x {b: 1e-4}\nc: *x\n"
    (tmp_path / "a.yaml").write_text(text)
    assert read_yaml_text(tmp_path / "a.yaml", cure="c") == text


def test_aliases_that_unfold_beyond_measure_are_refused_quickly(tmp_path):
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    start = time.perf_counter()
    _assert_refused(read_yaml_text, tmp_path / "a.yaml", "\n".join(lines).encode(), seen=["aliases"])
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("content", [b"a: [", b"&a [*a, *a]", b"[" * 50_000, b"a: *b", b"a: \x01", b"x" * 300_000])
def test_yaml_that_cannot_be_used_is_refused(tmp_path, content):
    _assert_refused(read_yaml_text, tmp_path / "a.yaml", content)
