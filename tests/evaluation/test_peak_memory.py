from pathlib import Path

import numpy as np
import pytest
import torch

from twostage_hdr.evaluation.peak_memory import PeakMemory

on_linux = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc")


@on_linux
def test_a_hundred_mebibytes_are_seen_even_when_freed_again() -> None:
    seen = []
    for _ in range(4):  # the kernel may reclaim other pages of this process meanwhile, which hides some of the growth
        with PeakMemory(device=torch.device("cpu")) as memory:
            block = np.ones(100 * 2**20, dtype=np.uint8)
            del block
        seen.append(memory.mebibytes)
    assert 90 < max(seen) < 140


@on_linux
def test_an_earlier_peak_is_forgotten() -> None:
    block = np.ones(100 * 2**20, dtype=np.uint8)
    del block
    with PeakMemory(device=torch.device("cpu")) as memory:
        pass
    assert memory.mebibytes < 20
