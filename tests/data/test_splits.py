from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.data import astronaut, chelsea, coffee, rocket

from tests.refusal import refusal_of
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.splits import (
    Splits,
    check_leakage,
    check_splits,
    leaking_pairs,
    read_splits,
    split_by_group,
    spread_over_groups,
    write_splits,
)
from twostage_hdr.data.thumbnails import thumbnail
from twostage_hdr.errors import InputError

FRACTIONS = st.floats(0, 0.45)


def scenes_of(*sizes: int) -> list[Scene]:
    return [Scene(f"{group}/{index}", f"group{group}") for group, size in enumerate(sizes) for index in range(size)]


@given(
    sizes=st.lists(st.integers(1, 12), min_size=3, max_size=12),
    seed=st.integers(0, 2**32),
    val=FRACTIONS,
    test=FRACTIONS,
)
def test_no_group_ever_crosses_and_no_set_is_empty(sizes: list[int], seed: int, val: float, test: float) -> None:
    scenes = scenes_of(*sizes)
    splits = split_by_group(scenes, seed=seed, val_fraction=val, test_fraction=test)
    assert not splits.shared
    assert splits.train
    assert splits.val
    assert splits.test
    assert sorted(splits.train + splits.val + splits.test) == sorted(scene.id for scene in scenes)
    group = {scene.id: scene.group for scene in scenes}
    groups = [{group[scene] for scene in part} for part in (splits.train, splits.val, splits.test)]
    assert sum(len(part) for part in groups) == len(sizes)
    check_splits(splits, scenes, where="a random split")


def test_groups_of_one_scene_are_shared_out_exactly_as_asked() -> None:
    splits = split_by_group(scenes_of(*[1] * 100), seed=3, val_fraction=0.1, test_fraction=0.2)
    assert (len(splits.train), len(splits.val), len(splits.test)) == (70, 10, 20)


def test_the_seed_decides_and_the_order_of_the_scenes_does_not() -> None:
    scenes = scenes_of(*[2] * 20)
    assert split_by_group(scenes, seed=1) == split_by_group(scenes[::-1], seed=1)
    assert split_by_group(scenes, seed=1) != split_by_group(scenes, seed=2)


@pytest.mark.parametrize("sizes", [(1,), (5,), (3, 4)])
def test_with_fewer_than_three_groups_all_sets_are_everything_and_say_so(sizes: tuple[int, ...]) -> None:
    scenes = scenes_of(*sizes)
    splits = split_by_group(scenes, seed=0)
    assert splits.shared
    assert splits.train == splits.val == splits.test == tuple(sorted(scene.id for scene in scenes))
    check_splits(splits, scenes, where="a shared split")


@pytest.mark.parametrize(("val", "test"), [(0.5, 0.5), (-0.1, 0.2), (0.9, 0.2)])
def test_shares_that_leave_nothing_to_train_on_are_refused(val: float, test: float) -> None:
    with refusal_of("data", f"val_fraction={val}", f"test_fraction={test}"):
        split_by_group(scenes_of(1, 1, 1), seed=0, val_fraction=val, test_fraction=test)


def test_no_scenes_are_refused() -> None:
    with refusal_of("data", "data.root"):
        split_by_group([], seed=0)


def test_a_group_in_two_sets_is_refused_by_name() -> None:
    scenes = scenes_of(2, 1, 1)
    leaking = Splits(("0/0", "1/0"), ("2/0",), ("0/1",))
    with refusal_of("mine.json", "'group0'", "train", "test", "'0/1'"):
        check_splits(leaking, scenes, where="mine.json")


def test_unknown_scenes_and_empty_sets_are_refused() -> None:
    scenes = scenes_of(1, 1, 1)
    with refusal_of("mine.json", "'nowhere'"):
        check_splits(Splits(("0/0",), ("nowhere",), ("2/0",)), scenes, where="mine.json")
    with refusal_of("mine.json", "'val'"):
        check_splits(Splits(("0/0",), (), ("2/0",)), scenes, where="mine.json")


@pytest.mark.parametrize("shared", [False, True])
def test_written_splits_read_back_the_same(tmp_path: Path, shared: bool) -> None:
    splits = Splits(("a", "b"), ("ü",), ("d",), shared=shared)
    write_splits(tmp_path / "splits.json", splits)
    assert read_splits(tmp_path / "splits.json") == splits


def test_splits_by_hand_may_leave_out_shared_and_the_order(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text('{"train": ["b", "a"], "val": ["c"], "test": ["d"]}')
    assert read_splits(tmp_path / "mine.json") == Splits(("a", "b"), ("c",), ("d",))


@pytest.mark.parametrize("text", ["", "[]", "3", '{"train": ["a"]}', '{"train": 1, "val": [], "test": []}', "\xff"])
def test_files_of_another_form_are_refused_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "mine.json").write_text(text, encoding="latin-1")
    with pytest.raises(InputError) as refusal:
        read_splits(tmp_path / "mine.json")
    assert refusal.value.subject == str(tmp_path / "mine.json")
    assert "\n" not in str(refusal.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with refusal_of(tmp_path / "nothing.json"):
        read_splits(tmp_path / "nothing.json")


def test_a_few_scenes_are_of_as_many_places_as_there_are() -> None:
    scenes = [Scene(name, name[0]) for name in ("a1", "a2", "a3", "b1", "c1", "c2")]
    chosen = {count: [scenes[i].id for i in spread_over_groups(scenes, count)] for count in (2, 3, 5, 99)}
    assert chosen[2] == ["a1", "b1"]
    assert chosen[3] == ["a1", "b1", "c1"]
    assert chosen[5] == ["a1", "a2", "b1", "c1", "c2"]
    assert chosen[99] == [scene.id for scene in scenes]


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
    with refusal_of("mine.json", "'b'", "'twin_of_b'"):
        check_leakage(splits, PICTURES, where="mine.json")


def test_sets_that_are_shared_on_purpose_and_scenes_without_a_picture_are_let_be() -> None:
    everything = tuple(PICTURES)
    assert leaking_pairs(Splits(everything, everything, everything, shared=True), PICTURES) == []
    assert leaking_pairs(Splits(("generated",), ("a",), ("b",)), PICTURES) == []
