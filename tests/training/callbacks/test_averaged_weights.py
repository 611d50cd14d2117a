"""The average of the weights lies where the module trains."""

import lightning as L
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from twostage_hdr.training.callbacks.averaged_weights import AveragedWeights


class OnAnotherDevice(L.LightningModule):
    """Its weights were on the CPU when the average was made."""

    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Linear(2, 2)


def test_the_average_follows_the_module_to_its_device_and_the_count_stays_with_the_host() -> None:
    callback, module = AveragedWeights(decay=0.9), OnAnotherDevice()
    callback._average_model = AveragedModel(module)
    module.to("meta")
    callback.on_train_start(L.Trainer(logger=False, enable_checkpointing=False), module)
    devices = {parameter.device.type for parameter in callback._average_model.module.parameters()}
    assert devices == {"meta"}
    assert callback._average_model.n_averaged.device == torch.device("cpu")
