"""The progress bar: short names, and only what a person looks at."""

import lightning as L
from lightning.pytorch.callbacks import RichProgressBar

NAMES = {
    "train/enhancement/loss": "stage I",
    "train/tone_mapping/loss": "stage II",
    "train/network/loss": "loss",
    "train/discriminator/loss": "adversary",
    "speed/images_per_second": "images/s",
}
"""What is shown, and as what; the logs keep the long names."""


class Progress(RichProgressBar):
    """Epoch, batches, time left, the losses of all players and images per second.

    Args:
        refresh_rate: updates of the display per second at most; 0 shows nothing.
    """

    def __init__(self, *, refresh_rate: int = 4) -> None:
        super().__init__(refresh_rate=refresh_rate, leave=True)

    def get_metrics(
        self, trainer: L.Trainer, pl_module: L.LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        """The figures behind the bar."""
        known = super().get_metrics(trainer, pl_module)
        return {short: known[name] for name, short in NAMES.items() if name in known}
