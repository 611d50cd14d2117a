import random
import resource
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.refusal import refusal_of
from twostage_hdr.training.callbacks.checkpoint_file import (
    AtomicCheckpointIO,
    newest_whole,
    random_state,
    restore_random_state,
)


@pytest.fixture
def files() -> AtomicCheckpointIO:
    return AtomicCheckpointIO()


def test_what_is_written_is_read_back(files, tmp_path: Path) -> None:
    files.save_checkpoint({"weights": torch.arange(3), "epoch": 4}, tmp_path / "new" / "last.ckpt")
    read = files.load_checkpoint(tmp_path / "new" / "last.ckpt")
    assert torch.equal(read["weights"], torch.arange(3))
    assert read["epoch"] == 4


def test_a_full_disk_leaves_the_checkpoint_of_before_and_one_line(files, tmp_path: Path) -> None:
    """A limit on the size of files makes the system refuse the write in its middle, as a full disk does."""
    path = tmp_path / "last.ckpt"
    files.save_checkpoint({"epoch": 1}, path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
    try:
        with refusal_of(path, "4 MiB"):
            files.save_checkpoint({"epoch": 2, "weights": torch.zeros(2**20)}, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert files.load_checkpoint(path)["epoch"] == 1
    assert [file.name for file in tmp_path.iterdir()] == ["last.ckpt"]


def test_a_file_cut_short_is_refused(files, tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    files.save_checkpoint({"weights": torch.zeros(1000)}, path)
    path.write_bytes(path.read_bytes()[:2000])
    with refusal_of(path):
        files.load_checkpoint(path)


def test_a_checkpoint_with_other_objects_is_refused_even_if_asked_for(files, tmp_path: Path) -> None:
    torch.save({"state": np.random.RandomState(0)}, tmp_path / "last.ckpt")
    with refusal_of(tmp_path / "last.ckpt", "numpy"):
        files.load_checkpoint(tmp_path / "last.ckpt", weights_only=False)


def test_a_missing_file_is_refused(files, tmp_path: Path) -> None:
    with refusal_of(tmp_path / "last.ckpt", ".ckpt"):
        files.load_checkpoint(tmp_path / "last.ckpt")


def draw() -> tuple[float, float, float, float]:
    return random.random(), float(np.random.rand()), float(np.random.randn()), float(torch.rand(()))


def test_all_generators_go_on_where_they_were_after_a_safe_round_trip(tmp_path: Path) -> None:
    random.seed(1)
    np.random.seed(2)
    np.random.randn()  # leaves one Gaussian in store
    torch.manual_seed(3)
    torch.save(random_state(), tmp_path / "state.pt")
    expected = [draw() for _ in range(3)]
    for seed in (7, 8):
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        restore_random_state(torch.load(tmp_path / "state.pt", weights_only=True))
        assert [draw() for _ in range(3)] == expected


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    place = content.index(np.float32(0.75).tobytes() * 4)
    content[place] ^= 1
    path.write_bytes(content)


def write_all(files: AtomicCheckpointIO, folder: Path, *names: str) -> None:
    for name in names:
        files.save_checkpoint({"weights": torch.full((100,), 0.75), "name": name}, folder / f"{name}.ckpt")


def test_a_run_goes_on_from_its_last_checkpoint(files, tmp_path: Path) -> None:
    assert newest_whole(tmp_path) == (None, "")
    write_all(files, tmp_path, "last", "previous", "best")
    assert newest_whole(tmp_path) == (tmp_path / "last.ckpt", "")


@pytest.mark.parametrize(
    ("damaged", "taken"), [(["last"], "previous"), (["last", "previous"], "best"), (["previous"], "last")]
)
def test_a_damaged_one_is_put_aside_and_the_one_before_is_taken(
    files, tmp_path: Path, damaged: list[str], taken: str
) -> None:
    write_all(files, tmp_path, "last", "previous", "best")
    for name in damaged:
        damage(tmp_path / f"{name}.ckpt")
    path, word = newest_whole(tmp_path)
    assert path == tmp_path / f"{taken}.ckpt"
    if taken != "last":
        assert "last.ckpt" in word
        assert f"{taken}.ckpt" in word
        assert not (tmp_path / "last.ckpt").exists()
        assert newest_whole(tmp_path)[0] == path  # another process of the run comes to the same


def test_a_run_whose_checkpoints_are_all_damaged_is_not_begun_anew_in_silence(files, tmp_path: Path) -> None:
    write_all(files, tmp_path, "last")
    damage(tmp_path / "last.ckpt")
    with refusal_of(tmp_path / "last.ckpt", "hydra.run.dir"):
        newest_whole(tmp_path)


def test_a_state_that_could_not_be_read_back_is_refused_with_its_place(files, tmp_path: Path) -> None:
    write_all(files, tmp_path, "last")
    with refusal_of("callbacks.Mine.path", "state_dict()"):
        files.save_checkpoint({"callbacks": {"Mine": {"path": tmp_path}}}, tmp_path / "last.ckpt")
    assert files.load_checkpoint(tmp_path / "last.ckpt")["name"] == "last"
