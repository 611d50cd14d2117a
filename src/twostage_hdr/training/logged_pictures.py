"""Pictures to whichever loggers can show them."""

import lightning as L
from jaxtyping import Float
from lightning.pytorch.loggers import Logger, TensorBoardLogger, WandbLogger
from torch import Tensor

from twostage_hdr.imaging.png8 import eight_bit


def picture_loggers(trainer: L.Trainer) -> list[Logger]:
    """The run's loggers that show pictures."""
    return [logger for logger in trainer.loggers if isinstance(logger, WandbLogger | TensorBoardLogger)]


def log_picture(trainer: L.Trainer, name: str, picture: Float[Tensor, "3 height width"], caption: str) -> None:
    """Sends one picture, display-encoded in [0, 1], at the place of the axis where Lightning's own curves are."""
    pixels = eight_bit(picture)
    step = trainer.fit_loop.epoch_loop._batches_that_stepped
    for logger in picture_loggers(trainer):
        if isinstance(logger, WandbLogger):
            logger.log_image(name, [pixels], step=step, caption=[caption])
        elif isinstance(logger, TensorBoardLogger):
            logger.experiment.add_image(name, pixels, step, dataformats="HWC")
