"""`kernels.c`: compiled by the system's C compiler when it is first needed, and kept in the user's cache.

Without a compiler, or on a processor without AVX2, PyTorch's own operations are used, which are slower.
"""

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
import warnings
from contextlib import suppress
from functools import cache
from importlib.resources import files
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from twostage_hdr.boundary.refusal import printable
from twostage_hdr.inference.hardware import computes_in_bf16

INSTRUCTIONS = {
    "AVX2": ("-mavx2", "-mfma"),
    "AVX512": ("-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mfma"),
}
"""The compiler's options for what PyTorch calls the processor's capability."""
BF16_INSTRUCTIONS = "-mavx512bf16"


class Memory:
    """How ctypes takes a tensor, or None, as a pointer; the kernels see its memory, not its shape or strides."""

    @classmethod
    def from_param(cls, tensor: Tensor | None) -> ctypes.c_void_p:
        """The address of its first element."""
        assert tensor is None or tensor.device.type == "cpu"
        return ctypes.c_void_p(None if tensor is None else tensor.data_ptr())


class Whole(Memory):
    """The same of tensors without strides of their own."""

    @classmethod
    def from_param(cls, tensor: Tensor | None) -> ctypes.c_void_p:
        """The address of its first element."""
        assert tensor is None or tensor.is_contiguous()
        return super().from_param(tensor)


class Inside(ctypes.Structure):
    """Where the image ends in a tile of blocks: at its left, and, for each offset in a block, below and right."""

    _fields_ = (
        ("first_column", ctypes.c_int),
        ("last_row", ctypes.c_int * 4),
        ("last_column", ctypes.c_int * 4),
    )


Strides = ctypes.c_int64 * 3
"""Of a plane, a channel and a row, in elements."""
_M, _W = Memory, Whole
_I, _L, _S = ctypes.c_int, ctypes.c_int64, ctypes.POINTER(ctypes.c_int64)
_SHAPE = (_I, _I, _I)  # channels, rows, columns
_SIGNATURES = {
    "products": (_W, _M, _M, _I, _I, _L, _L, _L, _I, _I),
    "weight_gradient": (_M, _M, _W, _I, _I, _L, _L, _L, _I),
    "tile_spectra": (_M, _S, _M, _L, _W, *_SHAPE, _I),
    "grow": (_W, _W, _W, ctypes.POINTER(Inside), _W, _M, _L, _W, *_SHAPE, _I),
    "finish": (_W, _W, _W, _W, _W, _M, _S, _M, _S, _W, ctypes.c_float, *_SHAPE),
    "pool": (_M, _S, _W, *_SHAPE),
    "convolve": (_M, _S, _W, _W, _M, _S, _I, _I, _I, _I, _I),
    "image_spectra": (_W, _M, _L, _W, *_SHAPE, _I),
    "image_of_products": (_W, _W, _W, _W, *_SHAPE),
    "output_gradient": (_W, _M, _L, _W, _W, _M, _W, *_SHAPE, _I),
    "image_of_gradient": (_M, _L, _W, _W, *_SHAPE),
}


def kernels(dtype: torch.dtype, *channels: int) -> ctypes.CDLL | None:
    """The compiled functions, None where PyTorch has to do without them.

    Args:
        dtype: of the factors of the matrix products; there are kernels for float32 and, where the processor multiplies
            bfloat16, for that.
        channels: of the features; bfloat16 takes them in pairs.
    """
    if dtype == torch.bfloat16:
        if not _has_bf16() or any(count % 2 for count in channels):
            return None
    elif dtype != torch.float32:
        return None
    return _library()


def _has_bf16() -> bool:
    return torch.backends.cpu.get_cpu_capability() == "AVX512" and computes_in_bf16(torch.device("cpu"))


@cache
def _library() -> ctypes.CDLL | None:
    options = INSTRUCTIONS.get(torch.backends.cpu.get_cpu_capability())
    if options is None or os.name != "posix" or platform.machine() != "x86_64":
        return None
    if _has_bf16():
        options = (*options, BF16_INSTRUCTIONS)
    try:
        return _declared(_loaded(options))
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").splitlines()
        seen = next((line for line in lines if "error" in line), f"{error.cmd[0]} ended with {error.returncode}")
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        seen = str(error)
    warnings.warn(
        "PyTorch's own operations are taken, which need about twice the time: the kernels for the CPU could not be "
        f"compiled ({printable(seen)}); install a C compiler, or name it in CC",
        stacklevel=2,
    )
    return None


def _loaded(options: tuple[str, ...]) -> ctypes.CDLL:
    """The library from the cache, compiled first if it is not there.

    Raises:
        OSError: no compiler, or a library that cannot be loaded.
        ValueError: CC cannot be read as a command line.
        subprocess.SubprocessError: the compiler gave up.
    """
    source = files(__package__).joinpath("kernels.c").read_bytes()
    made_of = f"kernels-{_digest(source + ' '.join(options).encode())}"
    with suppress(OSError, RuntimeError):  # not there, not readable, or nobody's home
        for kept in _cache_folder().glob(f"{made_of}-*.so"):
            if kept.stem == f"{made_of}-{_digest(kept.read_bytes())}":  # a damaged one would end the process
                return ctypes.CDLL(str(kept))
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder) / "kernels.so"
        _compile(source, options, built)
        with suppress(OSError, RuntimeError):  # a home that cannot be written: for this process alone
            return ctypes.CDLL(str(_kept(built, _cache_folder() / f"{made_of}-{_digest(built.read_bytes())}.so")))
        return ctypes.CDLL(str(built))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _cache_folder() -> Path:
    """Of this package in the user's cache, as the XDG Base Directory Specification has it."""
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (named if named.is_absolute() else Path.home() / ".cache") / "twostage_hdr"


def _compile(source: bytes, options: tuple[str, ...], target: Path) -> None:
    compiler = shlex.split(os.environ.get("CC", "")) or ["cc"]
    command = [*compiler, "-O3", "-shared", "-fPIC", *options, "-x", "c", "-", "-o", str(target)]
    subprocess.run(command, input=source, check=True, capture_output=True, timeout=300)


def _kept(built: Path, kept: Path) -> Path:
    """Copies it for those to come: whoever looks finds all of it or nothing."""
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        return Path(shutil.copy(built, folder)).replace(kept)


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    for name, arguments in _SIGNATURES.items():
        function = getattr(library, name)
        function.argtypes, function.restype = arguments, None
    for name in ("padded_count", "scratch_size"):
        function = getattr(library, name)
        function.argtypes, function.restype = (_I, _I), ctypes.c_int64
    return library


def packed(weight: Tensor, library: ctypes.CDLL, dtype: torch.dtype) -> Tensor:
    """Weights in the order in which the products read them.

    Args:
        weight: (36, out, in), transformed.
        library: of `kernels`.
        dtype: float32 or bfloat16.

    Returns:
        (36, groups of out, in, out in a group), in bfloat16 (36, groups, in / 2, out in a group, 2); zeros beyond out.
    """
    group = library.group_size()
    padded = F.pad(weight, (0, 0, 0, -weight.shape[1] % group)).to(dtype).unflatten(1, (-1, group))
    if dtype == torch.float32:
        return padded.transpose(2, 3).contiguous()
    return padded.unflatten(3, (-1, 2)).transpose(2, 3).contiguous()
