"""Which rows of a 2:1 panorama look like a photograph."""

BAND = (0.2, 0.8)
"""Share of the height that is kept: beyond it the equirectangular projection stretches visibly."""

SKY_BAND = (0.2, 0.5)
"""The same for sky-only maps, whose lower half is synthetic."""


def is_panorama(height: int, width: int) -> bool:
    """Whether an image has the 2:1 sides of an equirectangular panorama."""
    return width == 2 * height


def usable_rows(height: int, *, sky_only: bool) -> slice:
    """The rows of a panorama of that height that are used."""
    low, high = SKY_BAND if sky_only else BAND
    return slice(round(low * height), round(high * height))
