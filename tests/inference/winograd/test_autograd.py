import threading
from collections.abc import Iterator, Sequence

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from twostage_hdr.inference.winograd import autograd
from twostage_hdr.inference.winograd.autograd import dense_block
from twostage_hdr.inference.winograd.compiled import kernels
from twostage_hdr.inference.winograd.over_images import over_images
from twostage_hdr.inference.winograd.weights import DENSE_CONVS


def direct(x: Tensor, weights: list[Tensor], biases: list[Tensor]) -> tuple[Tensor, Tensor]:
    pile = x
    for number in range(DENSE_CONVS):
        new = torch.relu(F.conv2d(pile, weights[number], biases[number], padding=1))
        pile = torch.cat((pile, new), 1)
    return F.conv2d(pile, weights[4], biases[4], padding=1), F.conv2d(x, weights[5], biases[5], padding=1)


def parameters(features: int, growth: int, dtype: torch.dtype) -> tuple[list[Tensor], list[Tensor]]:
    seen = [features + number * growth for number in range(5)] + [features]
    made = [growth] * DENSE_CONVS + [features] * 2
    scale = [(9 * channels) ** -0.5 for channels in seen]
    weights = [torch.randn(o, i, 3, 3, dtype=dtype) * s for o, i, s in zip(made, seen, scale, strict=True)]
    return weights, [0.1 * torch.randn(o, dtype=dtype) for o in made]


def gradients(images: tuple[Tensor, ...], leaves: list[Tensor]) -> list[Tensor]:
    generator = torch.Generator().manual_seed(5)
    towards = [torch.randn(image.shape, generator=generator, dtype=torch.float64).to(image.dtype) for image in images]
    return list(torch.autograd.grad(images, leaves, towards))


# The tolerance in bfloat16 is that of the direct convolutions in autocast, times three.
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-5), (torch.bfloat16, 0.03)]
)
@pytest.mark.parametrize(("height", "width"), [(8, 12), (16, 20), (20, 36)])
@pytest.mark.parametrize("compiled", [True, False])
def test_images_and_gradients_are_those_of_the_direct_convolutions(
    dtype: torch.dtype, tolerance: float, height: int, width: int, compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not compiled:
        monkeypatch.setattr(autograd, "kernels", lambda *_: None)
    elif kernels(dtype) is None:
        pytest.skip("no kernels for it on this machine")
    weights, biases = parameters(8, 4, torch.float64)
    x = torch.rand(2, 8, height, width, dtype=torch.float64)
    leaves = [leaf.requires_grad_() for leaf in (x, *weights, *biases)]
    expected = direct(x, weights, biases)

    own = torch.promote_types(dtype, torch.float32)
    mine = [x.detach().to(dtype), *(leaf.detach().to(own) for leaf in leaves[1:])]
    mine = [leaf.requires_grad_() for leaf in mine]
    images = dense_block(mine[0], mine[1:7], mine[7:], dtype=dtype)
    for image, wanted in zip(images, expected, strict=True):
        assert image.dtype == dtype
        assert float((image - wanted).norm() / wanted.norm()) < tolerance
    # Positive parts change sides under rounding, which the gradients of what lies before them show.
    slack = 8 if dtype == torch.bfloat16 else 1
    for mine_, wanted in zip(gradients(images, mine), gradients(expected, leaves), strict=True):
        assert float((mine_ - wanted).norm() / wanted.norm()) < tolerance * slack


@pytest.mark.parametrize("compiled", [True, False])
def test_gradients_in_autocast_are_those_outside(compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not compiled:
        monkeypatch.setattr(autograd, "kernels", lambda *_: None)
    weights, biases = parameters(8, 4, torch.float32)
    leaves = [leaf.requires_grad_() for leaf in (torch.rand(1, 8, 8, 12), *weights, *biases)]
    found = []
    for autocast in (True, False):
        with torch.autocast("cpu", enabled=autocast):
            images = dense_block(leaves[0], leaves[1:7], leaves[7:], dtype=torch.float32)
            found.append(gradients(images, leaves))
    assert all(torch.equal(inside, outside) for inside, outside in zip(*found, strict=True))


def test_pytorchs_default_dtype_does_not_matter() -> None:
    weights, biases = parameters(8, 4, torch.float32)
    leaves = [leaf.requires_grad_() for leaf in (torch.rand(1, 8, 8, 12), *weights, *biases)]

    def differentiated() -> list[Tensor]:
        return gradients(dense_block(leaves[0], leaves[1:7], leaves[7:], dtype=torch.float32), leaves)

    expected = differentiated()
    for dtype in (torch.bfloat16, torch.float64):
        torch.set_default_dtype(dtype)
        try:
            found = differentiated()
        finally:
            torch.set_default_dtype(torch.float32)
        assert all(torch.equal(mine, wanted) for mine, wanted in zip(found, expected, strict=True))


def test_autocast_around_it_changes_nothing() -> None:
    weights, biases = parameters(4, 4, torch.float32)
    x = torch.rand(1, 4, 8, 8)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = dense_block(x, weights, biases, dtype=torch.float32)
    outside = dense_block(x, weights, biases, dtype=torch.float32)
    assert all(torch.equal(a, b) for a, b in zip(inside, outside, strict=True))


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_every_image_is_done_once_each_thread_has_its_own_and_the_number_of_threads_is_given_back(two_threads) -> None:
    def work(images: Sequence[int]) -> tuple[list[int], int, bool, str]:
        return list(images), torch.get_num_threads(), torch.is_grad_enabled(), threading.current_thread().name

    results = over_images(work, 5)
    assert [images for images, *_ in results] == [[0, 2, 4], [1, 3]]
    assert [(threads, gradients) for _, threads, gradients, _ in results] == [(1, False)] * 2
    assert torch.get_num_threads() == 2


def test_one_thread_or_one_image_needs_no_others() -> None:
    here = threading.current_thread()
    assert over_images(lambda images: (list(images), threading.current_thread()), 3) == [([0, 1, 2], here)]


def test_an_error_in_a_thread_reaches_the_caller(two_threads) -> None:
    def fail(images: Sequence[int]) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        over_images(fail, 2)
    assert torch.get_num_threads() == 2
