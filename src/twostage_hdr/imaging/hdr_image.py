"""What reading an HDR file gives."""

from dataclasses import dataclass

from twostage_hdr.imaging.pixel_arrays import LinearPixels


@dataclass(frozen=True, kw_only=True)
class HdrImage:
    """An HDR image as read, with what the file says about itself.

    Attributes:
        pixels: HxWx3 float32, linear, Rec. 709 primaries, >= 0, relative scale.
        domain: How the file stores its values, in words ("linear half float", "gamma 2.24, 16 bits").
        notes: What was changed on the way, in words for the user; empty if nothing was.
        white_nits: Luminance in cd/m^2 of pixels of (1, 1, 1), where the file states it.
        alignratio: The challenge's scale (stored value = encoded value * alignratio), where there is one.
        primaries: Name of the file's primaries, "Rec. 709" unless it states others.
    """

    pixels: LinearPixels
    domain: str
    notes: tuple[str, ...] = ()
    white_nits: float | None = None
    alignratio: float | None = None
    primaries: str = "Rec. 709"
