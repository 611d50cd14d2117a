import os
import platform
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from twostage_hdr.inference.winograd import compiled
from twostage_hdr.inference.winograd.compiled import kernels, packed

needs_kernels = pytest.mark.skipif(kernels(torch.float32) is None, reason="no kernels on this machine")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Another user's cache, empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    compiled._library.cache_clear()
    yield tmp_path / "twostage_hdr"
    compiled._library.cache_clear()


def compiler(folder: Path, script: str) -> str:
    """A compiler that does what the shell script says."""
    path = folder / "compiler"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.mark.skipif(
    platform.machine() != "x86_64"
    or os.name != "posix"
    or torch.backends.cpu.get_cpu_capability() not in compiled.INSTRUCTIONS
    or shutil.which("cc") is None,
    reason="a processor or a system without kernels",
)
def test_this_machine_has_kernels() -> None:
    assert kernels(torch.float32) is not None


@needs_kernels
def test_it_is_compiled_once_and_kept(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kernels(torch.float32) is not None
    assert [path.suffix for path in cache.iterdir()] == [".so"]
    compiled._library.cache_clear()  # another process
    monkeypatch.setenv("CC", compiler(tmp_path, "exit 1"))
    assert kernels(torch.float32) is not None


@needs_kernels
def test_a_cache_that_cannot_be_written_is_done_without(cache: Path) -> None:
    cache.write_text("no folder")
    assert kernels(torch.float32) is not None
    assert cache.read_text() == "no folder"


@needs_kernels
@pytest.mark.parametrize("damage", ["empty", "unreadable", "cut"])
def test_a_damaged_library_is_compiled_again(cache: Path, damage: str) -> None:
    assert kernels(torch.float32) is not None
    (kept,) = cache.iterdir()
    whole = kept.read_bytes()
    kept.unlink()  # not written over: it is mapped
    if damage == "empty":
        kept.touch()
    elif damage == "cut":
        kept.write_bytes(whole[: len(whole) // 3])
    else:
        kept.mkdir()
    compiled._library.cache_clear()
    assert kernels(torch.float32) is not None


@needs_kernels
def test_who_has_no_home_compiles_for_each_process(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", nobody)
    assert kernels(torch.float32) is not None


@needs_kernels
@pytest.mark.parametrize(
    ("script", "said"),
    [
        (
            "echo 'a.c: in a function' >&2; echo 'a.c:1: error: unknown option -mavx2' >&2; exit 1",
            "unknown option -mavx2",
        ),
        (None, "No such file or directory"),
        ("exit 3", "compiler ended with 3"),
        ("'", "No closing quotation"),
    ],
)
def test_without_a_compiler_that_works_pytorch_does_it_and_one_line_says_so(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, said: str
) -> None:
    named = str(tmp_path / "missing") if script is None else script if script == "'" else compiler(tmp_path, script)
    monkeypatch.setenv("CC", named)
    with pytest.warns(UserWarning, match="install a C compiler, or name it in CC") as caught:
        assert kernels(torch.float32) is None
    assert said in str(caught[0].message)
    assert "\n" not in str(caught[0].message)
    assert not cache.exists()
    assert kernels(torch.float32) is None  # and is not tried, or said, again


def test_there_are_none_for_float64_nor_for_single_channels_in_bfloat16() -> None:
    assert kernels(torch.float64) is None
    assert kernels(torch.bfloat16, 64, 3) is None


@needs_kernels
@pytest.mark.parametrize(
    ("made", "seen", "rows", "columns"), [(32, 64, 12, 40), (3, 5, 1, 1), (64, 32, 7, 9), (9, 2, 5, 13)]
)
@pytest.mark.parametrize("add", [False, True])
def test_products_are_pytorchs(made: int, seen: int, rows: int, columns: int, add: bool) -> None:
    library = kernels(torch.float32)
    assert library is not None
    count = library.padded_count(rows, columns)
    weight, spectra, before = torch.randn(36, made, seen), torch.randn(36, seen, count), torch.randn(36, made, count)
    ours, stride = before.clone(), made * count
    library.products(
        packed(weight, library, torch.float32), spectra, ours, made, seen, count, seen * count, stride, add, 0
    )
    expected = weight.double() @ spectra.double() + (before if add else 0)
    torch.testing.assert_close(ours.double(), expected, rtol=0, atol=2e-5)


@needs_kernels
@pytest.mark.parametrize(("lefts", "rights", "count"), [(32, 160, 1040), (8, 3, 16), (9, 7, 48), (64, 64, 528)])
def test_gradients_of_weights_are_products_over_all_blocks(lefts: int, rights: int, count: int) -> None:
    library = kernels(torch.float32)
    assert library is not None
    left, right = torch.randn(36, lefts, count), torch.randn(36, rights, count)
    ours = torch.ones(36, lefts, rights)
    library.weight_gradient(left, right, ours, lefts, rights, count, lefts * count, rights * count, 0)
    expected = 1 + left.double() @ right.double().transpose(1, 2)
    torch.testing.assert_close(ours.double(), expected, rtol=0, atol=1e-6 * count)


@needs_kernels
def test_an_array_with_strides_of_its_own_is_refused_where_none_are_passed() -> None:
    library = kernels(torch.float32)
    assert library is not None
    with pytest.raises(Exception, match="argument 3"):
        library.image_of_gradient(torch.zeros(4), 0, torch.zeros(4, 4).t(), torch.zeros(4), 0, 1, 1)
