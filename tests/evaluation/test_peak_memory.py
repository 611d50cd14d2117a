import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from twostage_hdr.evaluation import peak_memory
from twostage_hdr.evaluation.peak_memory import PeakMemory, own_pages

on_linux = pytest.mark.skipif(np.isnan(own_pages()), reason="needs Linux's /proc")
PROGRAM = """
import time, numpy, torch
from twostage_hdr.evaluation.peak_memory import PeakMemory

def work():
    block = numpy.ones(100 * 2**20, dtype=numpy.uint8)
    time.sleep(0.5)  # a hundred times the watching thread's interval

{before}
with PeakMemory(device=torch.device("cpu")) as memory:
    {body}
print(memory.mebibytes)
"""


@on_linux
def test_a_hundred_mebibytes_are_seen_even_when_freed_again() -> None:
    assert 90 < measured("work()") < 140


@on_linux
def test_an_earlier_peak_is_forgotten() -> None:
    assert 0 <= measured("pass", before="work()") < 20


def measured(body: str, before: str = "pass") -> float:
    """`mebibytes` around a body, in a process of its own: in an old one malloc may hold free memory and reuse that."""
    program = PROGRAM.format(body=body, before=before)
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return float(told.stdout)


def test_where_no_proc_is_the_figure_is_missing_not_nought(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(peak_memory, "STATUS", tmp_path / "missing")
    with PeakMemory(device=torch.device("cpu")) as memory:
        pass
    assert np.isnan(memory.mebibytes)
