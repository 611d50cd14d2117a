"""The k-th smallest of many values."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor


def order_statistic(values: Float[Tensor, "*batch count"], k: int) -> Float[Tensor, "*batch"]:
    """The k-th smallest value of the last dimension, k = 1 to count, as `torch.kthvalue`; not differentiable.

    On a CPU through NumPy's partition, which takes less than half the time and finds the very same number.
    """
    if values.device.type == "cpu" and values.dtype in (torch.float32, torch.float64):
        return torch.from_numpy(np.asarray(np.partition(values.detach().numpy(), k - 1, axis=-1)[..., k - 1]))
    return values.detach().kthvalue(k, dim=-1).values
