"""What decides the contents of a store, beside the data themselves."""

from dataclasses import dataclass

from twostage_hdr.errors import InputError

PLACEMENTS = ("random", "grid")


@dataclass(frozen=True, kw_only=True)
class StoreSettings:
    """Choices that make one store differ from another made of the same scenes and sets.

    Attributes:
        patches: exact number of training patches; None, with `placement=grid`, takes the whole grid.
        patch_size: side of a patch in px.
        placement: `random` places, as the paper says, or the non-overlapping `grid` of the published code.
        informative: prefer patches that are neither black nor clipped nearly everywhere.
        zoom: largest side of the image region behind a random patch, as a multiple of `patch_size` (log-uniform from
            1); only sources of linear images resample.
        seed: of places, cameras and frozen cameras.

    Raises:
        InputError: an unknown placement, or numbers that cannot work.
    """

    patches: int | None = 7551
    patch_size: int = 256
    placement: str = "random"
    informative: bool = False
    zoom: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.placement not in PLACEMENTS:
            raise InputError(f"placement={self.placement}: choose one of {', '.join(PLACEMENTS)}")
        if self.patches is None and self.placement == "random":
            raise InputError("patches=null: only placement=grid has a number of its own; give patches=N")
        if self.patches is not None and self.patches < 1:
            raise InputError(f"patches={self.patches}: must be at least 1")
        if self.patch_size < 1 or self.zoom < 1:
            raise InputError(f"patch_size={self.patch_size}, zoom={self.zoom}: both must be at least 1")
