import os

import pytest

from tests.refusal import refusal_of
from twostage_hdr.cli.destination import check_collisions, result_stem


def test_results_that_hit_an_input_through_a_link_are_refused(tmp_path):
    (tmp_path / "a.exr").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    with refusal_of(tmp_path / "link" / "a.exr", tmp_path / "a.exr"):
        check_collisions({tmp_path / "a.hdr": [tmp_path / "link" / "a.exr"]}, [tmp_path / "a.exr"])


def test_odd_names_and_loops_of_links_collide_with_nothing(tmp_path):
    (tmp_path / "a.exr").touch()
    (tmp_path / "loop.exr").symlink_to("loop.exr")
    (tmp_path / os.fsdecode(b"\xff.exr")).touch()
    inputs = list(tmp_path.iterdir())
    assert check_collisions({path: [tmp_path / "out" / path.name] for path in inputs}, inputs) == {}


@pytest.mark.parametrize(
    ("name", "beside", "stem"),
    [
        ("plain.png", (), "plain"),
        ("plain.png", ("plain.jpg",), "plain_png"),
        ("plain.jpg", ("plain.png",), "plain"),
        ("plain.PNG", ("plain.JPG",), "plain_PNG"),
        ("plain.raw", ("plain.png",), "plain_raw"),
        ("plain.png", ("plainer.jpg", "plain.txt"), "plain"),
        ("plain", ("plain.jpg",), "plain"),
    ],
)
def test_the_first_kind_of_one_name_keeps_its_stem_for_itself(tmp_path, name, beside, stem):
    for each in (name, *beside):
        (tmp_path / each).touch()
    assert result_stem(tmp_path / name, (".jpg", ".png")) == stem
