"""Networks compiled with TorchInductor for training."""

import lightning as L
import torch
from torch import nn

from twostage_hdr.errors import InputError
from twostage_hdr.networks.multi_shot import MultiShotNetwork
from twostage_hdr.networks.two_stage import TwoStageNetwork
from twostage_hdr.networks.two_stage_context import TwoStageContextNetwork
from twostage_hdr.networks.two_stage_whole_frame import TwoStageWholeFrameNetwork
from twostage_hdr.training.reconstruction_module import ReconstructionModule


class CompiledNetworks(L.Callback):
    """Compiles all trained networks, in place: their weights, names and checkpoints stay what they were.

    Validation images differ in size, so validation runs the networks as they are.

    Raises:
        InputError: a network of which the training step calls other methods than `forward`, which alone is compiled.
    """

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Before the first batch, which compiles."""
        assert isinstance(pl_module, ReconstructionModule)
        if isinstance(pl_module.network, MultiShotNetwork | TwoStageWholeFrameNetwork):
            name = type(pl_module.network).__name__
            raise InputError("trainer=gpu_compiled", f"{name} cannot be compiled for training", "take trainer=gpu")
        if stage == "fit":
            for part in {part for optimized in pl_module.optimized_parts() for part in called_parts(optimized.network)}:
                part.compile()

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Uncompiled until the validation ends."""
        torch.compiler.set_stance("force_eager")

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Restores compilation."""
        torch.compiler.set_stance("default")


def called_parts(network: nn.Module) -> list[nn.Module]:
    """The modules that the training steps call: of networks of several stages each stage by itself."""
    if isinstance(network, TwoStageNetwork | TwoStageContextNetwork):
        return [part for child in network.children() for part in called_parts(child)]
    return [network]
