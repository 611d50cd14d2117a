import pickle

import torch
from torch import Tensor

from twostage_hdr.data.image_cache import ImageCache

MEGABYTE = (3, 64, 1365)
"""A shape of just under 2^20 bytes in float32."""


class Loads:
    """Counts how often each image is loaded."""

    def __init__(self) -> None:
        self.count: dict[str, int] = {}

    def __call__(self, key: str) -> Tensor:
        self.count[key] = self.count.get(key, 0) + 1
        return torch.full(MEGABYTE, float(ord(key)))


def test_an_image_is_loaded_once_and_handed_out_unchanged() -> None:
    cache, loads = ImageCache(megabytes=1), Loads()
    first, second = (cache.get("a", lambda: loads("a")) for _ in range(2))
    assert first is second
    assert loads.count == {"a": 1}


def test_the_least_recently_used_image_goes_first() -> None:
    cache, loads = ImageCache(megabytes=2), Loads()
    for key in ("a", "b", "a", "c", "a", "b"):  # c drives out b, then b drives out c
        assert float(cache.get(key, lambda key=key: loads(key))[0, 0, 0]) == ord(key)
    assert loads.count == {"a": 1, "b": 2, "c": 1}


def test_no_memory_keeps_nothing_and_too_large_an_image_drives_nothing_out() -> None:
    none, loads = ImageCache(megabytes=0), Loads()
    for _ in range(2):
        none.get("a", lambda: loads("a"))
    assert loads.count == {"a": 2}
    cache, loads = ImageCache(megabytes=1), Loads()
    cache.get("a", lambda: loads("a"))
    cache.get("big", lambda: torch.zeros(3, 512, 512))
    cache.get("a", lambda: loads("a"))
    assert loads.count == {"a": 1}


def test_a_worker_process_starts_with_an_empty_cache_of_the_same_size() -> None:
    cache, loads = ImageCache(megabytes=1), Loads()
    cache.get("a", lambda: loads("a"))
    sent = pickle.dumps(cache)
    assert len(sent) < 1000
    copy = pickle.loads(sent)
    for _ in range(2):
        copy.get("a", lambda: loads("a"))
    assert loads.count == {"a": 2}
