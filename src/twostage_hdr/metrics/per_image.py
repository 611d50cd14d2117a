"""The base of all metrics: the mean over images of one number per image, and how tables show it."""

from abc import abstractmethod
from typing import ClassVar, TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics import Metric

from twostage_hdr.radiometry.quantities import PerImage

EncodedBatch: TypeAlias = Float[Tensor, "batch 3 height width"]
"""A batch of RGB images in the 2.24 encoding, >= 0, 1.0 = clipping point of the LDR frame; any size from 1x1 on."""


class PerImageMetric(Metric):
    """The arithmetic mean over images; every image counts once, whatever its size and batch.

    A single perfect image makes a PSNR's mean infinite, and a single NaN makes any mean NaN; neither is left out.
    `values` shows which image it was.
    """

    title: ClassVar[str]
    """The metric's name as tables print it."""
    unit: ClassVar[str] = ""
    """The unit, empty if dimensionless."""
    digits: ClassVar[int] = 2
    """After the decimal point, in tables."""
    is_differentiable = False
    full_state_update = False

    total: Tensor
    count: Tensor
    scores: list[Tensor] | Tensor

    def __init__(self) -> None:
        super().__init__()
        # float32, because not every accelerator has float64; it holds the mean of 10,000 images to 1e-4 of a dB.
        self.add_state("total", torch.zeros(()), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros((), dtype=torch.long), dist_reduce_fx="sum")
        self.add_state("scores", [], dist_reduce_fx="cat")

    @staticmethod
    @abstractmethod
    def score(prediction: EncodedBatch, reference: EncodedBatch) -> PerImage:
        """One number per image."""

    def update(self, prediction: Tensor, reference: Tensor) -> None:
        """Take a batch of results and references, both encoded, (B, 3, H, W)."""
        if prediction.shape != reference.shape or prediction.ndim != 4 or prediction.shape[1] != 3:
            raise ValueError(
                f"{type(self).__name__}: prediction {tuple(prediction.shape)} and reference {tuple(reference.shape)}"
                " must both be (B, 3, H, W)"
            )
        # Half precision is too coarse to judge with: bfloat16's rounding alone costs about 60 dB.
        with torch.autocast(prediction.device.type, enabled=False):
            scores = self.score(prediction.detach().float(), reference.detach().float())
        self.total = self.total + scores.sum()
        self.count = self.count + scores.numel()
        assert isinstance(self.scores, list)
        self.scores.append(scores)

    def compute(self) -> Tensor:
        """The mean over all images so far, over all processes; NaN before the first image."""
        return self.total / self.count

    @property
    def values(self) -> list[float]:
        """Each image's number, in the order in which this process has seen them (inside `sync_context`: all ranks')."""
        scores = self.scores if isinstance(self.scores, list) else [self.scores]
        return [value for batch in scores for value in batch.flatten().tolist()]
