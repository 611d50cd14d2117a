"""Trains RDABs by Winograd convolutions on CPUs: the same weights and the same function, several times as fast."""

from typing import Any

import lightning as L
import torch
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.inference.hardware import keep_freed_memory
from twostage_hdr.inference.winograd.autograd import dense_block
from twostage_hdr.networks.rdab import OUTER_FACTOR, RDAB

SMALLEST = 32
"""Channels below which the direct convolutions are as fast."""


class WinogradRDAB(RDAB):
    """Uses Winograd convolutions for training on a CPU, sides that are multiples of 4, and blocks with attention."""

    is_rdab = True

    def forward(self, x: Float[Tensor, "batch features height width"]) -> Float[Tensor, "batch features height width"]:
        """RDAB(x), of the shape of x."""
        dense, attention = self.dense, self.attention
        tiled = x.shape[-2] % 4 == 0 and x.shape[-1] % 4 == 0
        if attention is None or not tiled or not torch.is_grad_enabled() or x.device.type != "cpu":
            return super().forward(x)
        x = x.contiguous()
        dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else x.dtype
        convs = [dense.conv1, dense.conv2, dense.conv3, dense.conv4, dense.conv5, attention.conv]
        biases = [conv.bias for conv in convs if conv.bias is not None]
        fifth, features = dense_block(x, [conv.weight for conv in convs], biases, dtype=dtype)
        # The largest channel by its index: its gradient goes to one place instead of being compared with all.
        pooled = torch.cat((x.mean(1, keepdim=True), x.max(1, keepdim=True).values), 1)
        gate = torch.sigmoid(attention.gate(pooled))
        residual = torch.add((1 + OUTER_FACTOR) * x, fifth, alpha=OUTER_FACTOR * dense.residual_factor)
        return torch.addcmul(residual, gate, features)


class WinogradConvolutions(L.Callback):
    """Switches the RDABs of a run that trains on a CPU to Winograd convolutions; elsewhere it does nothing.

    Such a run keeps the memory that it has freed, see `keep_freed_memory`.
    """

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        # Before the averaged weights are copied.
        if stage == "fit" and trainer.strategy.root_device.type == "cpu":
            keep_freed_memory()
            use_winograd(pl_module)


def use_winograd(module: nn.Module) -> int:
    """Switches all RDABs that become faster; returns how many. Parameters, names and state do not change."""
    blocks: list[Any] = [
        block
        for block in module.modules()
        if type(block) is RDAB and block.attention is not None and block.dense.conv1.in_channels >= SMALLEST
    ]
    for block in blocks:
        block.__class__ = WinogradRDAB
    return len(blocks)
