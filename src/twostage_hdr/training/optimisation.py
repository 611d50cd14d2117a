"""How parameters are optimised: which, with what optimiser and with what learning-rate schedule."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

OptimizerFactory = Callable[[Iterable[nn.Parameter]], Optimizer]
"""Parameters to optimiser: a constructor with everything else filled in."""

ScheduleFactory = Callable[[Optimizer, int], LRScheduler]
"""(optimiser, number of updates of the run) to a schedule that is stepped after every update."""


@dataclass(frozen=True)
class OptimizedPart:
    """A network with an optimiser of its own: a stage, the whole generator, or the discriminator.

    Attributes:
        name: prefix of its logged quantities.
        network: whose trainable parameters are optimised.
        optimizer: how they are optimised.
        schedule: of the learning rate; None keeps it constant, as published.
    """

    name: str
    network: nn.Module
    optimizer: OptimizerFactory
    schedule: ScheduleFactory | None = None

    def parameters(self) -> list[nn.Parameter]:
        """The parameters that require a gradient."""
        return [parameter for parameter in self.network.parameters() if parameter.requires_grad]


def warmup_cosine(optimizer: Optimizer, updates: int, *, warmup: int = 500, floor: float = 0.02) -> LRScheduler:
    """A linear rise over `warmup` updates, then half a cosine down to `floor` times the peak at the last update."""

    def factor(update: int) -> float:
        if update < warmup:
            return (update + 1) / warmup
        progress = min((update - warmup) / max(updates - warmup, 1), 1.0)
        return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * progress))

    return LambdaLR(optimizer, factor)


def linear_decay(optimizer: Optimizer, updates: int, *, start: float = 0.5) -> LRScheduler:
    """Constant up to the share `start` of the run, then linearly to zero at its end (as FHDR [khan2019fhdr])."""

    def factor(update: int) -> float:
        return min(1.0, max(0.0, (updates - update) / max(updates * (1 - start), 1)))

    return LambdaLR(optimizer, factor)


def gradient_norm(parameters: Iterable[nn.Parameter]) -> Tensor:
    """Euclidean norm over all gradients, a scalar on their device; zero where there is none."""
    owned = list(parameters)
    gradients = [parameter.grad for parameter in owned if parameter.grad is not None]
    if not gradients:
        return torch.zeros((), device=owned[0].device if owned else "cpu")
    return nn.utils.get_total_norm(gradients)


def without_autocast(tensor: Tensor) -> torch.autocast:
    """A context for losses, on the tensor's device."""
    return torch.autocast(tensor.device.type, enabled=False)
