import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from twostage_hdr.evaluation import complexity as peak_memory
from twostage_hdr.evaluation.complexity import PeakMemory, measure_complexity, own_pages


def test_a_convolution_costs_its_weights_per_pixel() -> None:
    measured = measure_complexity(nn.Conv2d(3, 64, 3, padding=1), height=16, width=24)
    assert measured.parameters == 3 * 64 * 9 + 64
    assert measured.multiply_adds_per_pixel == pytest.approx(3 * 64 * 9)


def test_a_stride_of_two_divides_the_cost_by_four() -> None:
    network = nn.Conv2d(3, 8, 3, stride=2, padding=1)
    assert measure_complexity(network, height=32, width=32).multiply_adds_per_pixel == pytest.approx(3 * 8 * 9 / 4)


def test_frozen_parameters_are_not_trainable_ones() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Conv2d(4, 3, 1))
    network[0].requires_grad_(False)
    assert measure_complexity(network, height=8, width=8).parameters == 4 * 3 + 3


def test_the_network_keeps_its_mode() -> None:
    network = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)).train()
    before = network[1].running_mean.clone()
    measure_complexity(network, height=8, width=8)
    assert network.training
    assert torch.equal(network[1].running_mean, before)


on_linux = pytest.mark.skipif(np.isnan(own_pages()), reason="needs Linux's /proc")

PROGRAM = """
import time, numpy, torch
from twostage_hdr.evaluation.complexity import PeakMemory

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
