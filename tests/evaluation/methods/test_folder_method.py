from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from twostage_hdr.errors import InputError
from twostage_hdr.evaluation.methods.folder_method import FolderMethod


def write_radiance(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.ascontiguousarray(pixels[:, :, ::-1]))


def pixels() -> np.ndarray:
    return (np.random.default_rng(0).random((8, 12, 3)) * 4 + 0.5).astype(np.float32)


@pytest.mark.parametrize("file", ["kitchen.hdr", "room_kitchen.hdr", "room/kitchen.hdr"])
def test_a_file_is_found_by_its_scene(tmp_path: Path, file: str) -> None:
    wanted = pixels()
    write_radiance(tmp_path / file, wanted)
    scene = "kitchen" if file == "kitchen.hdr" else "room/kitchen"
    result = FolderMethod(folder=tmp_path, name="f", title="F").reconstruct(torch.zeros(3, 8, 12), scene=scene)
    # RGBE keeps 8 bits beside the brightest channel's exponent.
    np.testing.assert_allclose(result.permute(1, 2, 0).numpy(), wanted, atol=4.5 / 128)


def test_the_files_white_is_divided_out(tmp_path: Path) -> None:
    write_radiance(tmp_path / "a.hdr", np.full((2, 9, 3), 100, np.float32))
    result = FolderMethod(folder=tmp_path, name="f", title="F", white=200.0).reconstruct(
        torch.zeros(3, 2, 9), scene="a"
    )
    assert torch.allclose(result, torch.full((3, 2, 9), 0.5), rtol=0.01)


def test_a_missing_result_is_one_line_with_the_scene(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no result of 'Theirs' for scene 'x9'"):
        FolderMethod(folder=tmp_path, name="f", title="Theirs").reconstruct(torch.zeros(3, 2, 2), scene="x9")


def test_a_result_of_another_size_is_refused_with_both_sizes(tmp_path: Path) -> None:
    write_radiance(tmp_path / "a.hdr", pixels())
    with pytest.raises(InputError, match=r"12x8 px, but the frame of scene 'a' has 24x8"):
        FolderMethod(folder=tmp_path, name="f", title="F").reconstruct(torch.zeros(3, 8, 24), scene="a")
