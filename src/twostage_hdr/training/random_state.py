"""The process's random generators as plain containers, so that a checkpoint can hold them."""

import random
from typing import Any

import numpy as np
import torch


def random_state() -> dict[str, Any]:
    """State of Python's, NumPy's and PyTorch's global generators, on every device of this process."""
    name, keys, position, has_gauss, gauss = np.random.get_state(legacy=True)
    seeds = torch.from_numpy(np.asarray(keys).astype(np.int64))
    return {
        "python": list(random.getstate()[1]),
        "numpy": [str(name), seeds, int(position), int(has_gauss), float(gauss)],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore_random_state(state: dict[str, Any]) -> None:
    """Puts every generator back; those of graphics cards only where there are as many as there were."""
    random.setstate((random.getstate()[0], tuple(state["python"]), None))
    name, keys, *rest = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))
    torch.set_rng_state(state["torch"].cpu())
    if torch.cuda.is_available() and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([one.cpu() for one in state["cuda"]])
