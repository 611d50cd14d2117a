import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from types import SimpleNamespace

import pytest
import torch

from tests.refusal import refusal_of
from twostage_hdr.inference.hardware import EMULATED_BF16, choose_precision, find_device, without_tf32


def test_auto_is_cuda_where_there_is_one() -> None:
    assert find_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="says what happens without CUDA")
def test_cuda_without_cuda_is_refused_with_the_cure() -> None:
    with refusal_of("--device cuda", "--device cpu"):
        find_device("cuda")


def test_a_device_without_numbers_is_none() -> None:
    with refusal_of("--device meta", "--device cpu"):
        find_device("meta")


def test_auto_precision_takes_bf16_exactly_where_the_processor_has_it() -> None:
    precision = choose_precision("auto", [torch.device("cpu")])
    assert (precision == "bf16") == torch.cpu._is_avx512_bf16_supported()


def test_bf16_that_would_be_emulated_is_refused_with_its_cost_and_what_auto_takes(monkeypatch) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    with refusal_of("--precision bf16", "AVX512-BF16", EMULATED_BF16, "--precision auto", "fp32"):
        choose_precision("bf16", [torch.device("cpu")])
    assert choose_precision("auto", [torch.device("cpu")]) == "fp32"


def test_bf16_is_taken_where_nothing_is_known_of_the_processor(monkeypatch) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    assert choose_precision("bf16", [torch.device("cpu")]) == "bf16"


def test_auto_precision_is_what_all_devices_compute_in() -> None:
    assert choose_precision("auto", [torch.device("cpu"), torch.device("meta")]) == "fp32"


def _allows_tf32() -> bool:
    cudnn = torch.backends.cudnn
    return cudnn.conv.fp32_precision != "ieee" if hasattr(cudnn, "conv") else cudnn.allow_tf32


def test_of_several_threads_the_last_one_turns_tf32_back() -> None:
    before, inside = _allows_tf32(), Barrier(2)

    def work(_: int) -> bool:
        with without_tf32:
            inside.wait(10)
            return _allows_tf32()

    for _ in range(20):
        with ThreadPoolExecutor(2) as pool:
            assert set(pool.map(work, range(2))) == {False}
        assert _allows_tf32() == before


def test_tf32_comes_back_after_a_failure() -> None:
    before = _allows_tf32()

    def fail() -> None:
        with without_tf32:
            assert not _allows_tf32()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert _allows_tf32() == before


def test_a_pytorch_without_named_precisions_has_its_switch_turned(monkeypatch: pytest.MonkeyPatch) -> None:
    older = SimpleNamespace(allow_tf32=True)
    monkeypatch.setattr(torch.backends, "cudnn", older)
    with type(without_tf32)():
        assert older.allow_tf32 is False
    assert older.allow_tf32 is True


_HEAPS = """
import ctypes, sys, threading
from twostage_hdr.inference.hardware import share_one_heap

if sys.argv[1:]:
    share_one_heap()
libc, started = ctypes.CDLL(None), threading.Barrier(4)
libc.malloc.restype = ctypes.c_void_p

def take():
    started.wait()  # together: threads that take turns would get the same heap
    libc.malloc(100)

threads = [threading.Thread(target=take) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
libc.fdopen.restype = ctypes.c_void_p
stream = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, stream)
libc.fflush(stream)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's own setting")
def test_threads_take_memory_from_one_heap() -> None:
    def heaps(*arguments: str) -> int:
        command = [sys.executable, "-c", _HEAPS, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.count("<heap nr")

    assert heaps("shared") == 1 < heaps()


_FAULTS = """
import resource, sys
import torch
from twostage_hdr.inference.hardware import keep_freed_memory

if sys.argv[1:]:
    keep_freed_memory()

def faults(count):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(count)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults(20_000_000)
print(faults(19_000_000))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's own setting")
def test_freed_memory_is_taken_again() -> None:
    def faults(*arguments: str) -> int:
        command = [sys.executable, "-c", _FAULTS, *arguments]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert faults("kept") < 100 < faults()
