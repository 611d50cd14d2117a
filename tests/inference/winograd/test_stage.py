import pytest
import torch

from tests.inference.winograd.test_tile import all_tiles, kind
from twostage_hdr.inference.winograd.grid import StreamGrid
from twostage_hdr.inference.winograd.layout import from_blocks, to_blocks
from twostage_hdr.inference.winograd.stage import BlockStream, Tiles
from twostage_hdr.networks.rdab import RDAB


@pytest.mark.parametrize("tiles", all_tiles(torch.float32), ids=kind)
def test_bands_of_rows_give_the_block_on_the_whole_image(tiles: Tiles) -> None:
    block, x = RDAB(features=8, growth=4), torch.randn(8, 39, 50)
    grid = StreamGrid(height=39, width=50, tile_rows=3, tile_columns=5)
    stream = BlockStream(tiles.weights(block), tiles, grid=grid, capacity=10)
    space = tiles.workspace(rows=4, columns=7, features=8, growth=4)
    blocks, bands = to_blocks(x.permute(1, 2, 0)), []
    with torch.inference_mode():
        for top, rows in ((0, 1), (1, 3), (4, 3), (7, 2), (9, 1)):
            for span in grid.spans:
                columns = slice(span.left, span.left + span.columns)
                stream.source.room(span, rows).copy_(blocks[:, :, top : top + rows, columns])
                stream.source.share(span, rows)
            stream.source.append(rows)
            if top == 9:
                stream.source.close()
            while ready := min(stream.source.ready, 3):
                band = torch.empty(16, 8, ready, grid.columns)
                for span in grid.spans:
                    stream.tile(band[..., span.left : span.left + span.columns], span, space)
                bands.append(band)
                stream.source.drop(ready)
        ours = from_blocks(torch.cat(bands, 2), 50)[:39].permute(2, 0, 1)
        reference = block.double()(x[None].double())[0]
    assert (ours - reference).abs().max() < 2e-6 * reference.abs().max()
