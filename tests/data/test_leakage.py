import numpy as np
import pytest
from skimage.data import astronaut, chelsea, coffee, rocket

from twostage_hdr.data.leakage import check_leakage, leaking_pairs
from twostage_hdr.data.splits import Splits
from twostage_hdr.data.thumbnails import thumbnail
from twostage_hdr.errors import InputError

PICTURES = {
    "a": thumbnail(astronaut()),
    "b": thumbnail(chelsea()),
    "c": thumbnail(coffee()),
    "d": thumbnail(rocket()),
    "twin_of_b": thumbnail(np.rint(chelsea() * 0.7).astype(np.uint8)),
}


def test_different_pictures_do_not_leak() -> None:
    check_leakage(Splits(("a", "b"), ("c",), ("d",)), PICTURES, where="mine")


def test_twins_inside_one_set_do_not_leak() -> None:
    check_leakage(Splits(("b", "twin_of_b"), ("c",), ("d",)), PICTURES, where="mine")


@pytest.mark.parametrize(
    "splits",
    [
        Splits(("b",), ("twin_of_b",), ("d",)),
        Splits(("b",), ("c",), ("twin_of_b",)),
        Splits(("a",), ("b",), ("twin_of_b",)),
    ],
)
def test_twins_in_two_sets_are_refused_by_name(splits: Splits) -> None:
    with pytest.raises(InputError, match=r"mine.json: 'b' in \w+ and 'twin_of_b' in \w+ show the same picture"):
        check_leakage(splits, PICTURES, where="mine.json")


def test_sets_that_are_shared_on_purpose_and_scenes_without_a_picture_are_let_be() -> None:
    everything = tuple(PICTURES)
    assert leaking_pairs(Splits(everything, everything, everything, shared=True), PICTURES) == []
    assert leaking_pairs(Splits(("generated",), ("a",), ("b",)), PICTURES) == []
