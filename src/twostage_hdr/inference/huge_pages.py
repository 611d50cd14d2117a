"""Large buffers on large pages: the matrices of a tile are read in strides that would miss the translation buffers."""

import mmap

import torch
from torch import Tensor

_HUGE_PAGE = 2 << 20
"""Bytes of a large page on x86-64 and ARM64 Linux."""


def zeros_on_huge_pages(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """torch.zeros, on 2 MB pages where the system gives them to who asks (Linux)."""
    count = torch.Size(shape).numel()
    size = count * dtype.itemsize
    advice = getattr(mmap, "MADV_HUGEPAGE", None)
    if advice is None or size < _HUGE_PAGE:
        return torch.zeros(shape, dtype=dtype, device="cpu")
    memory = mmap.mmap(-1, size + _HUGE_PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    try:
        memory.madvise(advice)
    except OSError:  # a kernel without transparent huge pages
        return torch.zeros(shape, dtype=dtype, device="cpu")
    address = torch.frombuffer(memory, dtype=torch.uint8, count=1).data_ptr()
    return torch.frombuffer(memory, dtype=dtype, count=count, offset=-address % _HUGE_PAGE).view(shape)
