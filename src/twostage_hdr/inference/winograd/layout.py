"""Space-to-depth layout: pixel (4r + i, 4c + j) lies in plane 4i + j at block (r, c).

In this layout a shift by one pixel is another plane or a shift by one block, so every step of a Winograd convolution
is a matrix product or a copy of long runs of memory.
"""

from collections.abc import Iterator
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from twostage_hdr.inference.winograd.transforms import OUTPUTS, PATCH

PLANES = OUTPUTS * OUTPUTS


Blocks = Float[Tensor, "*batch 16 channels rows columns"]
"""Offset in the block, channel, row of blocks, column of blocks."""


def to_blocks(image: Float[Tensor, "height width channels"]) -> Blocks:
    """The blocks of an image of any size, zeros where the last ones reach beyond it."""
    height, width, _ = image.shape
    padded = F.pad(image.permute(2, 0, 1), (0, -width % OUTPUTS, 0, -height % OUTPUTS))
    return space_to_depth(padded[None])[0]


def from_blocks(blocks: Blocks, width: int) -> Float[Tensor, "height width channels"]:
    """The image of some blocks, `width` pixels wide and a multiple of four high."""
    return depth_to_space(blocks[None])[0].permute(1, 2, 0)[:, :width]


def clear_outside(planes: Tensor, *, top: int, left: int, height: int, width: int) -> None:
    """Set to zero, in place, what lies outside the image, as the zero padding of each convolution has it.

    Args:
        planes: (16, channels, rows, columns), any strides.
        top: row of blocks of the image at which planes begins; may be negative.
        left: column of blocks at which planes begins; may be negative.
        height: of the image, pixels.
        width: of the image, pixels.
    """
    rows, columns = planes.shape[2:]
    if top < 0:
        planes[:, :, :-top].zero_()
    if left < 0:
        planes[:, :, :, :-left].zero_()
    for offset in range(OUTPUTS):
        last_row, last_column = blocks_inside(height, offset) - top, blocks_inside(width, offset) - left
        if last_row < rows:
            planes[OUTPUTS * offset : OUTPUTS * (offset + 1), :, max(last_row, 0) :].zero_()
        if last_column < columns:
            planes[offset::OUTPUTS, :, :, max(last_column, 0) :].zero_()


def blocks_inside(pixels: int, offset: int) -> int:
    """How many blocks have their pixel at this offset inside an image of so many pixels."""
    return max(-(-(pixels - offset) // OUTPUTS), 0)


def patch_planes() -> list[int]:
    """Order in which `gather_patches` stores the 36 pixels of a patch: the 16 inside first, then sides, then corners.

    Returns:
        For each stored plane the flattened position (row by row) in the 6x6 patch.
    """
    inside = range(1, OUTPUTS + 1)
    order = [(i, j) for i in inside for j in inside]
    order += [(0, j) for j in inside] + [(5, j) for j in inside] + [(i, 0) for i in inside] + [(i, 5) for i in inside]
    order += [(0, 0), (0, 5), (5, 0), (5, 5)]
    return [6 * i + j for i, j in order]


class Side:
    """One side or corner of the patches: which planes of a neighbouring block it takes, and in which direction."""

    def __init__(self, *, stored: slice, planes: slice, down: int, right: int) -> None:
        self.stored, self.planes, self.down, self.right = stored, planes, down, right


SIDES = (
    Side(stored=slice(16, 20), planes=slice(12, 16), down=-1, right=0),
    Side(stored=slice(20, 24), planes=slice(0, 4), down=1, right=0),
    Side(stored=slice(24, 28), planes=slice(3, 16, 4), down=0, right=-1),
    Side(stored=slice(28, 32), planes=slice(0, 16, 4), down=0, right=1),
    Side(stored=slice(32, 33), planes=slice(15, 16), down=-1, right=-1),
    Side(stored=slice(33, 34), planes=slice(12, 13), down=-1, right=1),
    Side(stored=slice(34, 35), planes=slice(3, 4), down=1, right=-1),
    Side(stored=slice(35, 36), planes=slice(0, 1), down=1, right=1),
)
"""How the 20 outer planes of a patch follow from the 16 inner planes of the neighbours."""


def gather_patches(source: Tensor, patches: Tensor, *, top: int, left: int) -> None:
    """Patches of blocks whose neighbours are all in source.

    Args:
        source: (16, channels, rows, columns) blocks.
        patches: (36, channels, r, c), written in the order of `patch_planes`; dtype may differ from the source's.
        top: row of source that patches begin at, >= 1.
        left: column of source that patches begin at, >= 1.
    """
    rows, columns = patches.shape[2:]
    patches[:PLANES].copy_(source[:, :, top : top + rows, left : left + columns])
    for side in SIDES:
        down, right = top + side.down, left + side.right
        patches[side.stored].copy_(source[side.planes, :, down : down + rows, right : right + columns])


def spread_patches(patches: Tensor, above: Tensor) -> None:
    """Fill the 20 outer planes from the 16 inner ones, in place.

    The shift runs over the flattened blocks: left, right and below the region a neighbour is a block from elsewhere (a
    finite value that only pixels within one pixel of that rim can see).

    Args:
        patches: (36, channels, rows, columns), contiguous.
        above: (4, channels, columns), the last line of pixels of the row of blocks above the region.
    """
    columns = patches.shape[3]
    flat = patches.view(patches.shape[0], -1)
    for side in SIDES:
        shift = side.down * columns + side.right
        stored, planes = flat[side.stored], flat[side.planes]
        if shift > 0:
            stored[:, :-shift].copy_(planes[:, shift:])
        else:
            stored[:, -shift:].copy_(planes[:, :shift])
    patches[16:20, :, 0] = above
    patches[32, :, 0, 1:] = above[3, :, :-1]
    patches[33, :, 0, :-1] = above[0, :, 1:]


Patches = Float[Tensor, "36 channels rows columns"]
"""Place in the 6x6 patch around a block, channel, row of blocks, column of blocks."""


class Piece(NamedTuple):
    """Which pixels of the blocks a place of the patches shows: those of the block `down` and `right` of its own."""

    place: int
    pixel: int
    down: int
    right: int


def pieces() -> Iterator[Piece]:
    """The 36 places of a patch, whose corner lies one pixel up and left of its block's."""
    for place in range(PATCH * PATCH):
        row, column = place // PATCH - 1, place % PATCH - 1
        pixel = (row % OUTPUTS) * OUTPUTS + column % OUTPUTS
        yield Piece(place, pixel, row // OUTPUTS, column // OUTPUTS)


PIECES = sorted(pieces(), key=lambda piece: piece.down != 0 or piece.right != 0)
"""A block's own pixels first."""


def space_to_depth(image: Float[Tensor, "batch channels height width"]) -> Blocks:
    """The blocks of images whose sides are multiples of 4."""
    batch, channels, height, width = image.shape
    split = image.reshape(batch, channels, height // OUTPUTS, OUTPUTS, width // OUTPUTS, OUTPUTS)
    return split.permute(0, 3, 5, 1, 2, 4).reshape(batch, OUTPUTS**2, channels, height // OUTPUTS, width // OUTPUTS)


def depth_to_space(blocks: Blocks) -> Float[Tensor, "batch channels height width"]:
    """Undoes `space_to_depth`."""
    batch, _, channels, rows, columns = blocks.shape
    split = blocks.reshape(batch, OUTPUTS, OUTPUTS, channels, rows, columns)
    return split.permute(0, 3, 4, 1, 5, 2).reshape(batch, channels, rows * OUTPUTS, columns * OUTPUTS)


def gather(blocks: Blocks) -> Patches:
    """The patches around all blocks of an image; black beyond its borders, as a padded convolution has it."""
    rows, columns = blocks.shape[2:]
    padded = F.pad(blocks, (1, 1, 1, 1))
    patches = blocks.new_empty((PATCH**2, *blocks.shape[1:]))
    for place, pixel, down, right in PIECES:
        patches[place] = padded[pixel, :, 1 + down : 1 + down + rows, 1 + right : 1 + right + columns]
    return patches


def scatter(patches: Patches) -> Blocks:
    """The transpose of `gather`: each pixel gets the sum over the patches that show it."""
    rows, columns = patches.shape[2:]
    padded = patches.new_zeros((PLANES, patches.shape[1], rows + 2, columns + 2))
    for place, pixel, down, right in PIECES:
        padded[pixel, :, 1 + down : 1 + down + rows, 1 + right : 1 + right + columns] += patches[place]
    return padded[:, :, 1:-1, 1:-1].contiguous()  # sums over it depend on its strides
