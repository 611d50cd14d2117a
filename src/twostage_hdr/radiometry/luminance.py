"""Luminance of Rec. 709 colours."""

from twostage_hdr.radiometry.photometry import REC709_LUMINANCE
from twostage_hdr.radiometry.quantities import LinearRGB, RelativeLuminance


def luminance(linear_rgb: LinearRGB) -> RelativeLuminance:
    """0.2126 R + 0.7152 G + 0.0722 B of linear values, on their scale: (..., 3, H, W) -> (..., 1, H, W)."""
    red, green, blue = linear_rgb.unbind(-3)
    r, g, b = REC709_LUMINANCE
    return (r * red + g * green + b * blue).unsqueeze(-3)
