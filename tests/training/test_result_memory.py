from pathlib import Path

import torch
from torch import Tensor, nn

from twostage_hdr.training.result_memory import ResultMemory


class Doubling:
    """Counts how many frames it was asked for."""

    def __init__(self) -> None:
        self.frames = 0

    def __call__(self, frames: Tensor) -> Tensor:
        self.frames += len(frames)
        return 2 * frames


def test_every_frame_is_computed_once_in_whatever_batch_it_comes(tmp_path: Path) -> None:
    network, compute, frames = nn.Conv2d(1, 1, 1), Doubling(), torch.rand(3, 3, 4, 5)
    memory = ResultMemory(tmp_path / "new")
    first = memory.recall(network, frames[:2], compute)
    second = memory.recall(network, frames[[1, 2, 0]], compute)
    assert compute.frames == 3
    assert torch.equal(second[0], first[1])
    torch.testing.assert_close(second, 2 * frames[[1, 2, 0]], rtol=5e-4, atol=0)


def test_a_folder_is_shared_by_runs_of_the_same_weights_alone(tmp_path: Path) -> None:
    network, compute, frames = nn.Conv2d(1, 1, 1), Doubling(), torch.rand(1, 3, 4, 5)
    ResultMemory(tmp_path).recall(network, frames, compute)
    ResultMemory(tmp_path).recall(network, frames, compute)
    assert compute.frames == 1
    nn.init.zeros_(network.weight)
    ResultMemory(tmp_path).recall(network, frames, compute)
    assert compute.frames == 2
