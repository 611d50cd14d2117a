"""The training that every row of a table gets."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Budget:
    """As many updates of as many crops for everybody.

    Attributes:
        updates: of each network; a whole number of them for each validation.
        batch: crops in an update.
        crop: their side in px; they lie in patches of twice the side, as in the paper.
        validations: evenly spread, the last at the end; the weights of the best one by mu-PSNR are scored.
        minutes: the time of one row at one thread from which `updates` was derived, if it was.
    """

    updates: int
    batch: int
    crop: int
    validations: int = 1
    minutes: float | None = None

    def __post_init__(self) -> None:
        if min(self.updates, self.batch, self.crop, self.validations) < 1:
            raise ValueError(f"budget: {self}; everything must be at least 1")
        if self.updates % self.validations:
            raise ValueError(f"updates={self.updates}: not a multiple of validations={self.validations}")

    def settings(self) -> list[str]:
        """Of `twostage-hdr train`. No crop is seen twice."""
        return [
            f"data.batch_size={self.batch}",
            f"data.crop_size={self.crop}",
            f"data.patch_size={2 * self.crop}",
            f"data.patches_per_epoch={self.updates // self.validations * self.batch}",
            "data.fresh_patches=true",
            f"trainer.max_epochs={self.validations}",
        ]

    def within(self, minutes: float, seconds_per_update: float) -> "Budget":
        """The same with as many updates as fit into the minutes, at least one for each validation."""
        fitting = math.floor(minutes * 60 / seconds_per_update / self.validations) * self.validations
        updates = max(fitting, self.validations)
        return Budget(updates=updates, batch=self.batch, crop=self.crop, validations=self.validations, minutes=minutes)

    def text(self) -> str:
        """For the reader of a table."""
        crops = f"{self.batch} crops of {self.crop} px"
        if self.minutes is not None:
            return f"equal time: {self.minutes:g} minutes of one processor core for each network, updates of {crops}"
        return f"equal updates: {self.updates:,} updates of {crops} for each network"
