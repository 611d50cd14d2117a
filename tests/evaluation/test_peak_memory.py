import time
from pathlib import Path

import numpy as np
import pytest
import torch

from twostage_hdr.evaluation import peak_memory
from twostage_hdr.evaluation.peak_memory import PeakMemory, own_pages

on_linux = pytest.mark.skipif(np.isnan(own_pages()), reason="needs Linux's /proc")
HUNDRED_MEBIBYTES = 100 * 2**20


@on_linux
def test_a_hundred_mebibytes_are_seen_even_when_freed_again() -> None:
    with PeakMemory(device=torch.device("cpu")) as memory:
        block = np.ones(HUNDRED_MEBIBYTES, dtype=np.uint8)
        deadline = time.monotonic() + 30
        while memory._peak - memory._before < 90 * 2**20 and time.monotonic() < deadline:
            time.sleep(0.01)  # until the watching thread has had its turn
        del block
    assert 90 < memory.mebibytes < 140


@on_linux
def test_an_earlier_peak_is_forgotten() -> None:
    block = np.ones(HUNDRED_MEBIBYTES, dtype=np.uint8)
    del block
    with PeakMemory(device=torch.device("cpu")) as memory:
        pass
    assert 0 <= memory.mebibytes < 20


def test_where_no_proc_is_the_figure_is_missing_not_nought(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(peak_memory, "STATUS", tmp_path / "missing")
    with PeakMemory(device=torch.device("cpu")) as memory:
        pass
    assert np.isnan(memory.mebibytes)
