"""Decoded images kept in memory, up to a limit."""

from collections import OrderedDict
from collections.abc import Callable
from typing import TypeAlias

from jaxtyping import Float
from torch import Tensor

Image: TypeAlias = Float[Tensor, "channels height width"]


class ImageCache:
    """Least recently used images go first once `megabytes` are full. Each worker process has its own.

    Args:
        megabytes: limit of the images' own memory in 2^20 bytes; 0 keeps nothing.
    """

    def __init__(self, *, megabytes: int) -> None:
        self._limit = megabytes * 2**20
        self._used = 0
        self._images: OrderedDict[str, Tensor] = OrderedDict()

    def get(self, key: str, load: Callable[[], Image]) -> Image:
        """The image of that key, loaded on the first call."""
        if key in self._images:
            self._images.move_to_end(key)
            return self._images[key]
        image = load()
        size = image.nbytes
        if size <= self._limit:
            while self._used + size > self._limit:
                self._used -= self._images.popitem(last=False)[1].nbytes
            self._images[key] = image
            self._used += size
        return image

    def __getstate__(self) -> dict[str, object]:
        """Worker processes start with an empty cache instead of a copy of it."""
        return {"_limit": self._limit, "_used": 0, "_images": OrderedDict()}
