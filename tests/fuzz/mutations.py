"""Ways in which a file can be wrong: seeded, so that every case can be made again by its number."""

import random
import re

_WIDTHS = (1, 2, 4, 8)
_ODD_NUMBERS = ["0", "-1", "1e308", "-1e-308", "nan", "inf", "9" * 400, "1e12", "2147483648", "null", "[]", '""', "1e9"]
_HEADER = 512  # bytes in which most formats say what follows


def mutate(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """One to four changes of a valid file, most of them in its first bytes."""
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        data = rng.choice(_MUTATIONS)(data, rng) if rng.random() > 0.03 else _splice(data, rng, others)
    return data


def _place(data: bytes, rng: random.Random) -> int:
    return rng.randrange(max(1, min(len(data), _HEADER) if rng.random() < 0.6 else len(data)))


def _flip(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 8, 60])):
        if changed:
            changed[_place(data, rng)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _integer(data: bytes, rng: random.Random) -> bytes:
    width, at = rng.choice(_WIDTHS), _place(data, rng)
    full = 2 ** (8 * width)
    value = rng.choice([0, 1, full - 1, full // 2, full // 2 - 1, 2**16 % full, rng.randrange(full)])
    return data[:at] + value.to_bytes(width, rng.choice(["little", "big"])) + data[at + width :]


def _cut(data: bytes, rng: random.Random) -> bytes:
    return data[: _place(data, rng)]


def _remove(data: bytes, rng: random.Random) -> bytes:
    at = _place(data, rng)
    return data[:at] + data[at + rng.choice([1, 2, 7, 64, 500]) :]


def _repeat(data: bytes, rng: random.Random) -> bytes:
    at, length = _place(data, rng), rng.choice([1, 4, 32, 300])
    return data[:at] + data[at : at + length] * rng.choice([2, 3, 50]) + data[at + length :]


def _insert(data: bytes, rng: random.Random) -> bytes:
    at = _place(data, rng)
    return data[:at] + rng.randbytes(rng.choice([1, 3, 16, 100])) + data[at:]


def _append(data: bytes, rng: random.Random) -> bytes:
    return data + rng.choice([b"\0", b"\n", rng.randbytes(1), rng.randbytes(1000)])


def _fill(data: bytes, rng: random.Random) -> bytes:
    at, length = _place(data, rng), rng.choice([4, 16, 200, len(data)])
    length = min(length, len(data) - at)
    return data[:at] + rng.choice([b"\0", b"\xff", b"[", b"{", b" "]) * length + data[at + length :]


def _number(data: bytes, rng: random.Random) -> bytes:
    """Another number in text."""
    found = list(re.finditer(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", data[:100_000]))
    if not found:
        return _integer(data, rng)
    place = rng.choice(found)
    return data[: place.start()] + rng.choice(_ODD_NUMBERS).encode() + data[place.end() :]


def _splice(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """The beginning of one format, the rest of another."""
    other = rng.choice(others)
    return other[: _place(other, rng)] + data[_place(data, rng) :]


_MUTATIONS = [_flip, _flip, _integer, _integer, _cut, _remove, _repeat, _insert, _append, _fill, _number]
