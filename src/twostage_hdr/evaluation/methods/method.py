"""The one thing that every compared method can do."""

from typing import Protocol, runtime_checkable

from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB


@runtime_checkable
class Method(Protocol):
    """Maps an LDR frame to a linear HDR image."""

    @property
    def name(self) -> str:
        """Short, unique in a comparison, fit for a file name."""

    @property
    def title(self) -> str:
        """The name in tables."""

    def reconstruct(self, ldr: EncodedRGB, *, scene: str) -> LinearRGB:
        """The HDR image of a frame.

        Args:
            ldr: encoded, (3, H, W) in [0, 1].
            scene: the frame's id; only methods that look results up need it.

        Returns:
            Relative linear RGB (3, H, W) on the CPU, >= 0; 1.0 is the frame's white.
        """
