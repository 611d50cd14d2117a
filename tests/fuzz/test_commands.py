"""What the readers refuse, the commands refuse in one line, and they leave nothing behind."""

import os
import random
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tests.fuzz.commands import COMMANDS, campaign
from tests.fuzz.special import SPECIAL

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")]


def test_every_command_refuses_special_inputs_in_one_line_and_leaves_nothing() -> None:
    rng = random.Random(0)
    pairs = [(special, name) for name in COMMANDS for special in rng.sample(list(SPECIAL), 3)]
    with ProcessPoolExecutor(1, get_context("spawn")) as fresh:  # a fork of PyTorch's threads, once started, may hang
        counts, findings = fresh.submit(campaign, pairs).result()
    assert findings == []
    assert counts["refused"] > len(pairs) // 2
