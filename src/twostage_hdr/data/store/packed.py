"""A batch of the store's integers, decoded as a whole: one pass over the batch instead of one per crop."""

from typing import NamedTuple

import torch
from jaxtyping import Float, UInt8, UInt16
from torch import Tensor

from twostage_hdr.data.triple import Triple


class PackedTriples(NamedTuple):
    """Crops as they are stored, a quarter of the bytes of the triples that they become."""

    ldr: UInt8[Tensor, "batch height width 3"]
    """Frames, 0..255."""
    reference: UInt16[Tensor, "batch height width 3"]
    """Stored references."""
    unit: Float[Tensor, "batch"]
    """One step of `reference` in encoded values, on the frame's own scale."""
    scene: tuple[str, ...]
    """The scenes' ids."""
    scale: Float[Tensor, "batch"]
    """See `Triple.scale`."""

    def unpack(self) -> Triple:
        """The float triples, in `torch.channels_last` memory order."""
        ldr = self.ldr.to(torch.float32).div_(255).permute(0, 3, 1, 2)
        reference16 = self.reference.to(torch.float32).mul_(self.unit[:, None, None, None]).permute(0, 3, 1, 2)
        return Triple(ldr, reference16.clamp(max=1.0), reference16, self.scene, self.scale)
