"""An exponential average of the weights that never makes the host wait for a GPU."""

import lightning as L
from lightning.pytorch.callbacks import EMAWeightAveraging


class AveragedWeights(EMAWeightAveraging):
    """Lightning's average, on the device that trains.

    Lightning copies the weights before the module is on its device, so on a GPU every update would bring all of them
    to the host. Only the count of updates stays there: the host reads it at each of them.
    """

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Moves the average."""
        super().on_train_start(trainer, pl_module)
        if self._average_model is not None:
            count = self._average_model.n_averaged
            self._average_model.to(pl_module.device).n_averaged = count
