"""What a compared network shows to its loss during training, where that differs from its result."""

from typing import Protocol, runtime_checkable

from torch import Tensor


@runtime_checkable
class SupervisedOutput(Protocol):
    """A network that is not trained on the image its `forward` returns.

    Methods differ in what they supervise: every iteration, a normalised image, a stack of exposures. A training module
    passes `supervised_output(ldr)` to the network's own loss where a network has this method, and `forward(ldr)`
    otherwise.
    """

    def supervised_output(self, ldr: Tensor) -> Tensor:
        """What the network's own loss takes as `prediction`; shape and unit are the network's and its loss's matter."""
        ...
