import gc
import mmap
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from twostage_hdr.inference.winograd.layout import from_blocks, to_blocks
from twostage_hdr.inference.winograd.tile import Workspace, rdab_tile, zeros_on_huge_pages
from twostage_hdr.inference.winograd.weights import transform_weights
from twostage_hdr.networks.rdab import RDAB


def block_on_one_tile(block: RDAB, x: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """RDAB(x) of a (features, H, W) image as a single tile."""
    features, height, width = x.shape
    rows, columns = -(-height // 4), -(-width // 4)
    space = Workspace(blocks=(rows + 1) * (columns + 2), features=features, growth=8, dtype=dtype)
    source = F.pad(to_blocks(x.permute(1, 2, 0)), (2, 2, 2, 2))
    target = torch.empty(16, features, rows, columns)
    above = torch.zeros(4, 4, 8, columns + 2, dtype=dtype)
    transformed = transform_weights(block, dtype=dtype)
    rdab_tile(transformed, space, top=0, left=0, source=source, target=target, above=above, height=height, width=width)
    return from_blocks(target, width)[:height].permute(2, 0, 1)


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
