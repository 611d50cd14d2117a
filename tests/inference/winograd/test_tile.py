import gc
import mmap
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from twostage_hdr.inference.winograd.compiled import kernels
from twostage_hdr.inference.winograd.compiled_tile import CompiledTiles
from twostage_hdr.inference.winograd.layout import from_blocks, to_blocks
from twostage_hdr.inference.winograd.stage import Tiles
from twostage_hdr.inference.winograd.tile import PyTorchTiles, Tile, zeros_on_huge_pages
from twostage_hdr.networks.rdab import RDAB


def all_tiles(dtype: torch.dtype) -> list[Tiles]:
    """What computes RDABs on this machine."""
    library = kernels(dtype)
    return [PyTorchTiles(dtype)] if library is None else [PyTorchTiles(dtype), CompiledTiles(library, dtype)]


def block_on_one_tile(block: RDAB, x: torch.Tensor, tiles: Tiles) -> torch.Tensor:
    """RDAB(x) of a (features, H, W) image as a single tile."""
    features, height, width = x.shape
    rows, columns = -(-height // 4), -(-width // 4)
    space = tiles.workspace(rows=rows + 1, columns=columns + 2, features=features, growth=8)
    source = F.pad(to_blocks(x.permute(1, 2, 0)), (2, 2, 2, 2))
    target = torch.empty(16, features, rows, columns)
    weights = tiles.weights(block)
    above = tiles.lines(weights, columns + 2)
    tiles.run(weights, space, Tile(0, 0, source, target, above, height, width))
    return from_blocks(target, width)[:height].permute(2, 0, 1)


def kind(tiles: Tiles) -> str:
    return type(tiles).__name__


@pytest.mark.parametrize(("height", "width"), [(1, 1), (4, 4), (7, 18), (21, 33), (3000, 2), (2, 3000)])
@pytest.mark.parametrize("attention", [True, False])
@pytest.mark.parametrize("tiles", all_tiles(torch.float32), ids=kind)
def test_a_tile_is_the_block_that_was_trained(height: int, width: int, attention: bool, tiles: Tiles) -> None:
    block, x = RDAB(features=16, growth=8, attention=attention), torch.randn(16, height, width)
    with torch.inference_mode():
        ours, reference = block_on_one_tile(block, x, tiles), block.double()(x[None].double())[0]
    assert (ours - reference).abs().max() < 2e-6 * reference.abs().max()


@pytest.mark.parametrize("tiles", all_tiles(torch.bfloat16), ids=kind)
def test_bfloat16_stays_near(tiles: Tiles) -> None:
    block, x = RDAB(features=16, growth=8), torch.randn(16, 21, 33)
    with torch.inference_mode():
        ours, reference = block_on_one_tile(block, x, tiles), block(x[None])[0]
    assert (ours - reference).std() < 0.005 * reference.std()
    assert (ours - reference).abs().max() > 1e-4  # it was bfloat16 indeed


@pytest.mark.parametrize("tiles", all_tiles(torch.float32), ids=kind)
def test_channels_need_not_fill_the_registers(tiles: Tiles) -> None:
    block, x = RDAB(features=7, growth=3), torch.randn(7, 9, 10)
    with torch.inference_mode():
        ours, reference = block_on_one_tile(block, x, tiles), block.double()(x[None].double())[0]
    assert (ours - reference).abs().max() < 2e-6 * reference.abs().max()


@pytest.mark.parametrize("tiles", all_tiles(torch.float32), ids=kind)
def test_what_is_no_number_stays_none(tiles: Tiles) -> None:
    block, x = RDAB(features=16, growth=8), torch.randn(16, 21, 33)
    x[3, 10, 20] = torch.nan
    with torch.inference_mode():
        ours = block_on_one_tile(block, x, tiles)
    assert ours[:, 10, 20].isnan().all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("rows", [1, 3000])
def test_it_is_torchs_zeros(rows: int, dtype: torch.dtype) -> None:
    ours = zeros_on_huge_pages(rows, 1000, dtype=dtype)
    assert ours.dtype == dtype
    assert torch.equal(ours, torch.zeros(rows, 1000, dtype=dtype))


def test_it_can_be_written_to_its_last_element_and_outlives_its_maker() -> None:
    ours = zeros_on_huge_pages(5, 1 << 20)
    ours += torch.arange(5.0)[:, None]
    gc.collect()
    assert ours.sum().item() == 10 * (1 << 20)


@pytest.mark.skipif(not hasattr(mmap, "MADV_HUGEPAGE"), reason="needs Linux")
def test_large_buffers_begin_at_a_large_page() -> None:
    assert zeros_on_huge_pages(3 << 20).data_ptr() % (2 << 20) == 0


@pytest.mark.skipif(
    not Path("/sys/kernel/mm/transparent_hugepage/enabled").is_file()
    or "[never]" in Path("/sys/kernel/mm/transparent_hugepage/enabled").read_text(),
    reason="needs a kernel with transparent huge pages",
)
def test_the_kernel_is_asked_for_large_pages() -> None:
    buffer = zeros_on_huge_pages(8 << 20)
    address = buffer.data_ptr()
    buffer.fill_(1.0)
    flags, inside = "", False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        head = line.split()[0]
        if "-" in head and not head.endswith(":"):
            low, high = (int(part, 16) for part in head.split("-"))
            inside = low <= address < high
        elif inside and line.startswith("VmFlags:"):
            flags = line
    assert " hg" in flags


@pytest.mark.parametrize("tiles", all_tiles(torch.float32), ids=kind)
def test_weights_may_lie_in_memory_in_any_order(tiles: Tiles) -> None:
    block, x = RDAB(features=16, growth=8), torch.randn(16, 9, 10)
    with torch.inference_mode():
        before = block_on_one_tile(block, x, tiles)
        block.to(memory_format=torch.channels_last)
        assert torch.equal(block_on_one_tile(block, x, tiles), before)
