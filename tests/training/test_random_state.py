import random
from pathlib import Path

import numpy as np
import torch

from twostage_hdr.training.random_state import random_state, restore_random_state


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
