"""The LDR frame itself, made linear: the row that every method must beat."""

from dataclasses import dataclass

from twostage_hdr.radiometry.gamma import decode_gamma
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB


@dataclass(frozen=True, kw_only=True)
class LdrIdentity:
    """linear = ldr^2.24, and nothing else."""

    name: str = "ldr"
    title: str = "LDR input"

    def reconstruct(self, ldr: EncodedRGB, *, scene: str) -> LinearRGB:
        """The frame on the linear scale."""
        return decode_gamma(ldr)
