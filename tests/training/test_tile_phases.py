import torch
from torch.nn import functional as F

from twostage_hdr.training.tile_phases import from_tiles, gather, scatter, to_tiles


def test_tiles_and_back_is_the_image() -> None:
    image = torch.rand(2, 3, 8, 12)
    assert torch.equal(from_tiles(to_tiles(image)), image)


def test_patches_are_those_that_unfold_cuts_from_the_padded_image() -> None:
    image = torch.rand(1, 3, 12, 8)
    expected = F.unfold(F.pad(image, (1, 1, 1, 1)), kernel_size=6, stride=4)  # (1, 3 * 36, 6)
    expected = expected.view(3, 36, 3, 2).transpose(0, 1)
    assert torch.equal(gather(to_tiles(image)[0]), expected)


def test_scatter_is_the_transpose_of_gather() -> None:
    tiles, patches = torch.rand(16, 2, 3, 4, dtype=torch.float64), torch.rand(36, 2, 3, 4, dtype=torch.float64)
    torch.testing.assert_close((gather(tiles) * patches).sum(), (tiles * scatter(patches)).sum())
