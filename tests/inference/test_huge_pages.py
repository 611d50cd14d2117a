import gc
import mmap
from pathlib import Path

import pytest
import torch

from twostage_hdr.inference.huge_pages import zeros_on_huge_pages


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
