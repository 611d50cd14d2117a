"""Images cut into 4x4 tiles, pixels of equal place in their tiles side by side: the layout of Winograd products.

A shift of the image by a pixel is then a shift of whole planes: the overlapping 6x6 patches around all tiles are 36
copies of planes.
"""

from collections.abc import Iterator
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from twostage_hdr.inference.winograd import OUTPUTS, PATCH

Tiles = Float[Tensor, "16 channels rows columns"]
"""One image: place in the tile, channel, tile row, tile column."""
Patches = Float[Tensor, "36 channels rows columns"]
"""One image: place in the 6x6 patch around the tile, channel, tile row, tile column."""


class Piece(NamedTuple):
    """Which pixels of the tiles a place of the patches shows: those of a tile `down` and `right` of its own."""

    place: int
    pixel: int
    down: int
    right: int


def pieces() -> Iterator[Piece]:
    """The 36 places of a patch, whose corner lies one pixel up and left of its tile's."""
    for place in range(PATCH * PATCH):
        row, column = place // PATCH - 1, place % PATCH - 1
        pixel = (row % OUTPUTS) * OUTPUTS + column % OUTPUTS
        yield Piece(place, pixel, row // OUTPUTS, column // OUTPUTS)


PIECES = tuple(pieces())
INSIDE = [piece.place for piece in sorted(PIECES, key=lambda piece: piece.pixel) if piece.down == piece.right == 0]
"""The places of a patch that are its own tile's pixels, in their order."""


def to_tiles(image: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch 16 channels rows columns"]:
    """Sides must be multiples of 4."""
    batch, channels, height, width = image.shape
    split = image.reshape(batch, channels, height // OUTPUTS, OUTPUTS, width // OUTPUTS, OUTPUTS)
    return split.permute(0, 3, 5, 1, 2, 4).reshape(batch, OUTPUTS**2, channels, height // OUTPUTS, width // OUTPUTS)


def from_tiles(tiles: Float[Tensor, "batch 16 channels rows columns"]) -> Float[Tensor, "batch channels height width"]:
    """Undoes `to_tiles`."""
    batch, _, channels, rows, columns = tiles.shape
    split = tiles.reshape(batch, OUTPUTS, OUTPUTS, channels, rows, columns)
    return split.permute(0, 3, 4, 1, 5, 2).reshape(batch, channels, rows * OUTPUTS, columns * OUTPUTS)


def gather(tiles: Tiles) -> Patches:
    """The patches around all tiles of an image; black beyond its borders, as a padded convolution has it."""
    patches = tiles.new_zeros((PATCH**2, *tiles.shape[1:]))
    for piece in PIECES:
        (to_rows, from_rows), (to_columns, from_columns) = _shift(piece.down), _shift(piece.right)
        patches[piece.place, :, to_rows, to_columns] = tiles[piece.pixel, :, from_rows, from_columns]
    return patches


def scatter(patches: Patches) -> Tiles:
    """The transpose of `gather`: each pixel gets the sum over the patches that show it."""
    tiles = patches[INSIDE]
    for piece in PIECES:
        if piece.down or piece.right:
            (to_rows, from_rows), (to_columns, from_columns) = _shift(piece.down), _shift(piece.right)
            tiles[piece.pixel, :, from_rows, from_columns] += patches[piece.place, :, to_rows, to_columns]
    return tiles


def _shift(tiles: int) -> tuple[slice, slice]:
    """Slices (of patches, of tiles) that put beside each patch the tile so many steps on."""
    everything, first, rest = slice(None), slice(None, -1), slice(1, None)
    return {0: (everything, everything), 1: (first, rest), -1: (rest, first)}[tiles]
