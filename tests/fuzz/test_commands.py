"""What the readers refuse, the commands refuse in one line, and they leave nothing behind."""

import os
import random

import pytest

from tests.fuzz.commands import COMMANDS, campaign
from tests.fuzz.special import SPECIAL

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")]


def test_every_command_refuses_special_inputs_in_one_line_and_leaves_nothing() -> None:
    rng = random.Random(0)
    # A folder's good photograph runs the network, whose threads may hang after a fork: `python -m tests.fuzz.commands`.
    names = [name for name in COMMANDS if name != "reconstruct a folder"]
    pairs = [(special, name) for name in names for special in rng.sample(list(SPECIAL), 3)]
    counts, findings = campaign(pairs)
    assert findings == []
    assert counts["refused"] > len(pairs) // 2
