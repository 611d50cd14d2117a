"""A last ReLU that a large step has pushed below zero passes no gradient: the run learns nothing from there on."""

import torch
from jaxtyping import Float
from torch import Tensor

from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.quantities import EncodedRGB

BLACK = 1 / 255
"""Encoded reference value up to which a zero is a right answer: one step of 8 bits."""
LIMIT = 0.5
"""Share of a channel's pixels above which an update counts."""
PATIENCE = 50
"""Updates in a row after which a run ends: random initial weights may need some to come out of it."""


def zero_share(image: EncodedRGB, reference: EncodedRGB) -> Float[Tensor, ""]:
    """The largest share, over the three channels, of pixels that are exactly 0 where the reference is not black.

    Args:
        image: (B, 3, H, W).
        reference: (B, 3, H, W). A channel that is black throughout has a share of 0.
    """
    with torch.no_grad():
        lit = reference > BLACK
        zero = ((image == 0) & lit).sum(dim=(0, 2, 3))
        return (zero / lit.sum(dim=(0, 2, 3)).clamp(min=1)).amax()


class ZeroOutputGuard:
    """Ends a run of which an output channel stays at zero.

    Attributes:
        in_a_row: updates so far, by image, that were above the limit; on the device, whose host must not wait for them.
        shares: of the last update, by image.
    """

    def __init__(self) -> None:
        self.in_a_row: dict[str, Tensor] = {}
        self.shares: dict[str, Tensor] = {}

    def check(self, name: str, share: Float[Tensor, ""], update: int) -> None:
        """Counts one update. On a GPU the count is read in each 50th update only.

        Args:
            name: of the image.
            share: see `zero_share`.
            update: its number, for the message.

        Raises:
            InputError: the share was above one half for 50 updates in a row.
        """
        self.count(name, share)
        self.read(update)

    def count(self, name: str, share: Float[Tensor, ""]) -> None:
        """The device's part of `check`, in place."""
        if name not in self.in_a_row:
            self.in_a_row[name], self.shares[name] = torch.zeros_like(share), torch.zeros_like(share)
        self.in_a_row[name].copy_(torch.where(share > LIMIT, self.in_a_row[name] + 1, 0))
        self.shares[name].copy_(share)

    def read(self, update: int) -> None:
        """The host's part of `check`, for all images."""
        for name, share in self.shares.items():
            if share.is_cuda and update % PATIENCE:
                continue
            if self.in_a_row[name] >= PATIENCE:
                raise InputError(
                    f"update {update}",
                    f"a channel of the {name} image has been zero in more than half of the pixels for {PATIENCE} "
                    f"updates, now in {float(share):.0%}: its ReLU passes no gradient",
                    "start with identity_start=true, or lower module.optimizer.lr",
                )
