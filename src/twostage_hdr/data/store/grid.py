"""The published non-overlapping grid of patches."""

from twostage_hdr.data.window import Window


def grid_places(height: int, width: int, side: int) -> list[tuple[int, int]]:
    """Top left corners (row, column) of all whole squares of `side` px, side by side from the image's corner."""
    return [(row, column) for row in range(0, height - side + 1, side) for column in range(0, width - side + 1, side)]


def window_at(place: tuple[int, int], *, height: int, width: int, side: int) -> Window:
    """The window that shows exactly the square at a place (row, column)."""
    free = (height - side + 1, width - side + 1)
    # The middle of the pixel's share of the range, so that rounding cannot miss it.
    fractions = ((place[0] + 0.5) / free[0], (place[1] + 0.5) / free[1])
    return Window(side, side, patch_at=fractions)
