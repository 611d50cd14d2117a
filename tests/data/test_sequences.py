from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.refusal import refusal_of
from twostage_hdr.data.sequences import find_runs, join_returning_shots, read_sequences
from twostage_hdr.data.thumbnails import Thumbnail, thumbnails
from twostage_hdr.imaging.ldr import read_ldr


def write_shots(folder: Path, shots: list[int]) -> dict[str, Path]:
    """One frame per entry; equal entries are one shot with slightly other noise and brightness."""
    files = {}
    for number, shot in enumerate(shots):
        blocks = np.kron(np.random.default_rng(shot).integers(0, 200, (6, 8, 3)), np.ones((10, 12, 1)))
        noisy = blocks * (1 + 0.02 * number) + np.random.default_rng(100 + number).normal(0, 8, blocks.shape)
        files[f"{number:04d}"] = folder / f"{number:04d}.png"
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(files[f"{number:04d}"])
    return files


def pictures(files: dict[str, Path]) -> dict[str, Thumbnail]:
    return thumbnails(list(files), lambda scene: read_ldr(files[scene]).pixels)


def test_runs_that_look_alike_are_one_sequence_named_by_their_first_frame(tmp_path: Path) -> None:
    files = write_shots(tmp_path, [1, 1, 1, 2, 3, 3])
    groups = find_runs(list(files), pictures(files))
    assert list(groups.values()) == ["0000", "0000", "0000", "0003", "0004", "0004"]


def test_a_shot_that_comes_back_later_is_not_joined_over_the_cut(tmp_path: Path) -> None:
    # Only neighbours are compared: the ids are in the order of shooting.
    files = write_shots(tmp_path, [1, 2, 1])
    assert len(set(find_runs(list(files), pictures(files)).values())) == 3


def test_a_told_sequence_is_taken_as_told(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("scene,sequence,note\na,x,\nb,x,\nc,y,last\n")
    assert read_sequences(tmp_path / "s.csv", ["a", "c"]) == {"a": "x", "c": "y"}


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (b"scene,sequence\na,x\n", "'b'"),
        (b"", "0 bytes"),
        (b"scene,shot\na,x\nb,x\n", "scene, shot"),
        (b"scene,sequence\n\xff,x\n", "UTF-8"),
    ],
)
def test_incomplete_and_foreign_tables_are_refused(tmp_path: Path, content: bytes, seen: str) -> None:
    (tmp_path / "s.csv").write_bytes(content)
    with refusal_of(tmp_path / "s.csv", seen):
        read_sequences(tmp_path / "s.csv", ["a", "b"])


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    with refusal_of(tmp_path / "nothing.csv"):
        read_sequences(tmp_path / "nothing.csv", ["a"])


def test_a_shot_that_comes_back_is_joined_when_the_pictures_are_the_same(tmp_path: Path) -> None:
    files = write_shots(tmp_path, [1, 2, 1, 3])
    pictures = thumbnails(list(files), lambda scene: np.array(Image.open(files[scene])))
    groups = join_returning_shots(find_runs(list(files), pictures), pictures)
    assert list(groups.values()) == ["0000", "0001", "0000", "0003"]


def test_joining_is_transitive(tmp_path: Path) -> None:
    files = write_shots(tmp_path, [1, 2, 1, 2, 3])
    pictures = thumbnails(list(files), lambda scene: np.array(Image.open(files[scene])))
    told = {"0000": "x", "0001": "y", "0002": "y", "0003": "z", "0004": "w"}
    assert list(join_returning_shots(told, pictures).values()) == ["x", "x", "x", "x", "w"]
