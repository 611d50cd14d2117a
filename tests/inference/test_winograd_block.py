import pytest
import torch
from torch.nn import functional as F

from twostage_hdr.inference.folded import fold_block
from twostage_hdr.inference.phase_layout import from_phases, to_phases
from twostage_hdr.inference.winograd_block import Tile, Workspace, rdab_tile
from twostage_hdr.networks.rdab import RDAB


def block_on_one_tile(block: RDAB, x: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """RDAB(x) of a (features, H, W) image as a single tile."""
    features, height, width = x.shape
    rows, columns = -(-height // 4), -(-width // 4)
    space = Workspace(blocks=(rows + 1) * (columns + 2), features=features, growth=8, dtype=dtype)
    source = F.pad(to_phases(x.permute(1, 2, 0)), (2, 2, 2, 2))
    target = torch.empty(16, features, rows, columns)
    tile = Tile(top=0, left=0, rows=rows, columns=columns)
    above = torch.zeros(4, 4, 8, columns + 2, dtype=dtype)
    folded = fold_block(block, dtype=dtype)
    rdab_tile(folded, space, tile, source=source, target=target, above=above, height=height, width=width)
    return from_phases(target, width)[:height].permute(2, 0, 1)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (4, 4), (7, 18), (21, 33)])
@pytest.mark.parametrize("attention", [True, False])
def test_a_tile_is_the_block_that_was_trained(height: int, width: int, attention: bool) -> None:
    block, x = RDAB(features=16, growth=8, attention=attention), torch.randn(16, height, width)
    with torch.inference_mode():
        ours, reference = block_on_one_tile(block, x, torch.float32), block.double()(x[None].double())[0]
    assert (ours - reference).abs().max() < 2e-6 * reference.abs().max()


def test_bfloat16_stays_near() -> None:
    block, x = RDAB(features=16, growth=8), torch.randn(16, 21, 33)
    with torch.inference_mode():
        ours, reference = block_on_one_tile(block, x, torch.bfloat16), block(x[None])[0]
    assert (ours - reference).std() < 0.005 * reference.std()
    assert (ours - reference).abs().max() > 1e-4  # it was bfloat16 indeed
