"""Pictures that would be trained on and tested with at once."""

from collections.abc import Mapping

from twostage_hdr.data.splits import Splits
from twostage_hdr.data.thumbnails import Thumbnail, alike_pairs
from twostage_hdr.errors import InputError

_PAIRS = (("train", "val"), ("train", "test"), ("val", "test"))


def leaking_pairs(splits: Splits, pictures: Mapping[str, Thumbnail]) -> list[tuple[str, str, str, str, float]]:
    """Near-duplicates between sets: (set, scene, other set, other scene, correlation); none if the sets are shared."""
    if splits.shared:
        return []
    parts = {
        name: {scene: pictures[scene] for scene in getattr(splits, name) if scene in pictures}
        for name in ("train", "val", "test")
    }
    return [
        (one, scene, other, twin, alike)
        for one, other in _PAIRS
        for scene, twin, alike in alike_pairs(parts[one], parts[other])
    ]


def check_leakage(splits: Splits, pictures: Mapping[str, Thumbnail], *, where: str) -> None:
    """Refuses sets between which a picture leaks.

    Raises:
        InputError: naming the pair that is most alike and `where` the sets came from.
    """
    leaks = leaking_pairs(splits, pictures)
    if leaks:
        one, scene, other, twin, alike = max(leaks, key=lambda leak: leak[-1])
        raise InputError(
            where,
            f"{scene!r} in {one} and {twin!r} in {other} show the same picture "
            f"(correlation {alike:.3f}; {len(leaks)} such pairs)",
            "give both one group (sequence file, subfolder or place_group) or exclude one",
        )
