from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.refusal import refusal_of
from twostage_hdr.training.frozen_output_cache import FrozenOutputCache


class Doubling:
    """Counts how many frames it was asked for."""

    def __init__(self) -> None:
        self.frames = 0

    def __call__(self, frames: Tensor) -> Tensor:
        self.frames += len(frames)
        return 2 * frames


def test_every_frame_is_computed_once_in_whatever_batch_it_comes(tmp_path: Path) -> None:
    network, compute, frames = nn.Conv2d(1, 1, 1), Doubling(), torch.rand(3, 3, 4, 5)
    cache = FrozenOutputCache(tmp_path / "new")
    cache.prepare()
    first = cache.outputs(network, frames[:2], compute)
    second = cache.outputs(network, frames[[1, 2, 0]], compute)
    assert compute.frames == 3
    assert torch.equal(second[0], first[1])
    torch.testing.assert_close(second, 2 * frames[[1, 2, 0]], rtol=5e-4, atol=0)


def test_a_folder_is_shared_by_runs_of_the_same_weights_alone(tmp_path: Path) -> None:
    network, compute, frames = nn.Conv2d(1, 1, 1), Doubling(), torch.rand(1, 3, 4, 5)
    FrozenOutputCache(tmp_path).outputs(network, frames, compute)
    FrozenOutputCache(tmp_path).outputs(network, frames, compute)
    assert compute.frames == 1
    nn.init.zeros_(network.weight)
    FrozenOutputCache(tmp_path).outputs(network, frames, compute)
    assert compute.frames == 2


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", b"garbage"])
def test_a_damaged_file_is_computed_again(tmp_path: Path, damage: bytes) -> None:
    network, compute, frames = nn.Conv2d(1, 1, 1), Doubling(), torch.rand(1, 3, 4, 5)
    first = FrozenOutputCache(tmp_path).outputs(network, frames, compute)
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage)
    assert torch.equal(FrozenOutputCache(tmp_path).outputs(network, frames, compute), first)
    np.save(file, np.zeros((3, 1, 1), np.float16))
    assert torch.equal(FrozenOutputCache(tmp_path).outputs(network, frames, compute), first)
    assert compute.frames == 3


def test_frames_of_the_same_values_and_another_shape_are_told_apart(tmp_path: Path) -> None:
    network, compute, cache = nn.Conv2d(1, 1, 1), Doubling(), FrozenOutputCache(tmp_path)
    assert cache.outputs(network, torch.ones(1, 3, 4, 6), compute).shape == (1, 3, 4, 6)
    assert cache.outputs(network, torch.ones(1, 3, 6, 4), compute).shape == (1, 3, 6, 4)


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with refusal_of(f"module.cache_dir={tmp_path / 'file'}"):
        FrozenOutputCache(tmp_path / "file").prepare()
