"""What a computation runs on: devices by name, and the precision of their products."""

import ctypes
import platform
from collections.abc import Sequence
from threading import Lock
from typing import Any, Literal, TypeAlias

import torch

from twostage_hdr.errors import InputError

Precision: TypeAlias = Literal["fp32", "bf16"]

EMULATED_BF16 = 14
"""Times as long as float32 that bfloat16 takes on an x86 processor without its products (314 s to 23 s with AVX2)."""


_M_TRIM_THRESHOLD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -4, -8
"""glibc's numbers of the settings, see mallopt(3)."""


def keep_freed_memory() -> None:
    """Lets the process keep what it has freed for what it takes next (glibc), where it would give large pieces back.

    A training step takes the same memory as the one before: the system would map and clear it anew, page by page,
    which is a third of a step's time.
    """
    share_one_heap()  # heaps of single threads have no room for large pieces
    if platform.libc_ver()[0] == "glibc":
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_MAX, 0)
        library.mallopt(_M_TRIM_THRESHOLD, -1)


def share_one_heap() -> None:
    """Lets all threads to come take memory from one heap, where the C library gives each its own (glibc).

    What one thread has freed serves the others then: 80 MB less for a wide photograph, in the same time.
    """
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


class _WithoutTF32:
    """A switch of the whole process: the first thread that enters turns it, the last one that leaves turns it back."""

    def __init__(self) -> None:
        cudnn: Any = torch.backends.cudnn
        self._setting: tuple[Any, str, str | bool] = (
            (cudnn.conv, "fp32_precision", "ieee") if hasattr(cudnn, "conv") else (cudnn, "allow_tf32", False)
        )
        """Whose, its name and its value without TF32; before PyTorch 2.9 there is one switch for all of cuDNN."""
        self._lock, self._inside, self._before = Lock(), 0, None

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                owner, name, exact = self._setting
                self._before = getattr(owner, name)
                setattr(owner, name, exact)
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                setattr(*self._setting[:2], self._before)


without_tf32 = _WithoutTF32()
"""fp32 is float32 within it: cuDNN's default, TF32, rounds a convolution's factors to 10 bits."""


def find_device(name: str) -> torch.device:
    """The device of that name, or with "auto" CUDA if there is one.

    Raises:
        InputError: a name that PyTorch does not know, or a device that is not there.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        cure = "expected auto, cpu, cuda, cuda:0, mps, or cuda:0,cuda:1"
        raise InputError(f"--device {name or '(nothing)'}", "no such device", cure) from error
    try:
        torch.empty(0, device=device).cpu()  # a device that cannot give its numbers back, "meta", is none
        return torch.empty(0, device=device).device  # "cuda" alone becomes the current device, with its index
    except (RuntimeError, AssertionError) as error:
        seen = "this machine or this PyTorch does not have it"
        raise InputError(f"--device {name}", seen, "use --device cpu") from error


def choose_precision(name: str, devices: Sequence[torch.device]) -> Precision:
    """The precision of that name, or with "auto" bf16 if all devices compute in it.

    Raises:
        InputError: another name, or bf16 for an x86 processor that would emulate it.
    """
    if name not in ("fp32", "bf16", "auto"):
        raise InputError(f"--precision {name}", "expected fp32, bf16 or auto")
    if name == "auto":
        return "bf16" if all(map(computes_in_bf16, devices)) else "fp32"
    if name == "fp32":
        return "fp32"
    if any(device.type == "cpu" for device in devices) and _emulates_bf16():
        raise InputError(
            "--precision bf16",
            "this processor has no bfloat16 products (AVX512-BF16); "
            f"emulated they take about {EMULATED_BF16} times as long as float32",
            "use --precision auto, which takes fp32 here",
        )
    return "bf16"


def computes_in_bf16(device: torch.device) -> bool:
    """Whether the hardware multiplies bfloat16 natively (elsewhere it is emulated, and slower than float32)."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()


def _emulates_bf16() -> bool:
    """Whether this is an x86 processor without bfloat16 products; of others PyTorch does not say."""
    return platform.machine() in ("x86_64", "AMD64") and not computes_in_bf16(torch.device("cpu"))
