import threading
from collections.abc import Iterator, Sequence

import pytest
import torch

from twostage_hdr.training.image_threads import over_images


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
