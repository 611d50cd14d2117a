"""Losses are computed in float32 whatever precision the networks run in."""

import torch
from torch import Tensor


def without_autocast(tensor: Tensor) -> torch.autocast:
    """A context for losses, on the tensor's device."""
    return torch.autocast(tensor.device.type, enabled=False)
