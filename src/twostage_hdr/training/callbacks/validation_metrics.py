"""Metrics of one's own beside those that every validation has."""

from collections.abc import Mapping
from typing import Any

import lightning as L
from torch import nn

from twostage_hdr.errors import InputError
from twostage_hdr.metrics.per_image import PerImageMetric
from twostage_hdr.training.reconstruction_module import ReconstructionModule


class ValidationMetrics(L.Callback):
    """Adds metrics to a module's validation scores: they are logged, kept for each image, and shown in the report.

    Args:
        metrics: by the names that they have in the logs, without "val/".
    """

    def __init__(self, *, metrics: Mapping[str, nn.Module]) -> None:
        for name, metric in metrics.items():
            if not isinstance(metric, PerImageMetric):
                raise InputError(
                    f"callbacks.metrics.{name}",
                    f"{type(metric).__name__} is no PerImageMetric",
                    "derive it from twostage_hdr.metrics.per_image.PerImageMetric",
                )
        self.metrics = dict(metrics)

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Adds them, once."""
        assert isinstance(pl_module, ReconstructionModule)
        known = {str(name).removeprefix("val/") for name in pl_module.val_scores}
        new: Any = {name: metric for name, metric in self.metrics.items() if name not in known}
        pl_module.val_scores.add_metrics(new)
