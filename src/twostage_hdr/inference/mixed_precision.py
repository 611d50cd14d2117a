"""The two-stage network in bfloat16 products, with the first and last convolution of each stage in float32.

Autocast alone rounds what runs along the residual connections, and the output, to 8 bits. In float32 these two cost
little, since they have three channels on one side, and what the blocks add is small.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.networks.stage import Stage
from twostage_hdr.networks.two_stage import TwoStageNetwork


def mixed_forward(network: nn.Module, image: Float[Tensor, "batch 3 height width"]) -> Tensor:
    """The network's forward; of networks that are neither two stages nor one, autocast's."""
    if isinstance(network, TwoStageNetwork):
        return _stage(network.tone_mapping, _stage(network.enhancement, image))
    if isinstance(network, Stage):
        return _stage(network, image)
    with torch.autocast(image.device.type, dtype=torch.bfloat16):
        output: Tensor = network(image)
    return output


def _stage(stage: Stage, image: Tensor) -> Tensor:
    kind = image.device.type
    with torch.autocast(kind, enabled=False):
        features = stage.conv_in(image)
    with torch.autocast(kind, dtype=torch.bfloat16):
        features = stage.blocks(features)
    with torch.autocast(kind, enabled=False):
        return torch.relu(stage.conv_out(features.float()) + image)
