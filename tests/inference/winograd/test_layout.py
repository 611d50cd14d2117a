import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from twostage_hdr.inference.winograd.layout import (
    clear_outside,
    depth_to_space,
    from_blocks,
    gather,
    gather_patches,
    patch_planes,
    scatter,
    space_to_depth,
    spread_patches,
    to_blocks,
)

sides = st.integers(1, 23)


@settings(max_examples=25, deadline=None)
@given(height=sides, width=sides)
def test_phases_are_pytorchs_pixel_unshuffle(height: int, width: int) -> None:
    image = torch.rand(height, width, 2)
    padded = F.pad(image, (0, 0, 0, -width % 4, 0, -height % 4)).permute(2, 0, 1)
    expected = F.pixel_unshuffle(padded, 4).unflatten(0, (2, 16)).transpose(0, 1)
    assert torch.equal(to_blocks(image), expected)


@settings(max_examples=25, deadline=None)
@given(height=sides, width=sides)
def test_phases_and_back_is_the_image(height: int, width: int) -> None:
    image = torch.rand(height, width, 3)
    assert torch.equal(from_blocks(to_blocks(image), width)[:height], image)


@settings(max_examples=25, deadline=None)
@given(height=sides, width=sides, top=st.integers(-3, 3), left=st.integers(-3, 3))
def test_clearing_leaves_exactly_the_pixels_of_the_image(height: int, width: int, top: int, left: int) -> None:
    planes = torch.ones(16, 2, 5, 6)
    clear_outside(planes, top=top, left=left, height=height, width=width)
    y = torch.arange(4 * top, 4 * (top + 5))[:, None]
    x = torch.arange(4 * left, 4 * (left + 6))[None]
    inside = ((y >= 0) & (y < height) & (x >= 0) & (x < width)).float()
    assert torch.equal(from_blocks(planes, 24), inside[..., None].expand(-1, -1, 2))


def test_gathered_patches_are_pytorchs_unfold() -> None:
    image = torch.rand(12, 20, 2)
    patches = torch.empty(36, 2, 1, 3)
    gather_patches(to_blocks(image), patches, top=1, left=1)
    unfolded = F.unfold(image.permute(2, 0, 1)[None, :, 3:9, 3:17], 6, stride=4).view(2, 36, 3)
    assert torch.equal(patches[:, :, 0].transpose(0, 1), unfolded[:, patch_planes()])


def test_spread_patches_equal_gathered_ones_away_from_the_other_rims() -> None:
    source = to_blocks(torch.rand(24, 24, 3))
    patches = torch.zeros(36, 3, 5, 6)
    patches[:16] = source[:, :, 1:]
    spread_patches(patches, source[12:, :, 0])
    expected = torch.empty(36, 3, 4, 4)
    gather_patches(source, expected, top=1, left=1)
    assert torch.equal(patches[:, :, :-1, 1:-1], expected)


def test_tiles_and_back_is_the_image() -> None:
    image = torch.rand(2, 3, 8, 12)
    assert torch.equal(depth_to_space(space_to_depth(image)), image)


def test_patches_are_those_that_unfold_cuts_from_the_padded_image() -> None:
    image = torch.rand(1, 3, 12, 8)
    expected = F.unfold(F.pad(image, (1, 1, 1, 1)), kernel_size=6, stride=4)  # (1, 3 * 36, 6)
    expected = expected.view(3, 36, 3, 2).transpose(0, 1)
    assert torch.equal(gather(space_to_depth(image)[0]), expected)


def test_scatter_is_the_transpose_of_gather() -> None:
    tiles, patches = torch.rand(16, 2, 3, 4, dtype=torch.float64), torch.rand(36, 2, 3, 4, dtype=torch.float64)
    torch.testing.assert_close((gather(tiles) * patches).sum(), (tiles * scatter(patches)).sum())
