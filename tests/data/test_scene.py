from twostage_hdr.data.scene import Scene


def test_scenes_are_told_apart_by_id_and_group_and_can_be_keys() -> None:
    assert Scene("a", "place") == Scene("a", "place")
    assert len({Scene("a", "place"), Scene("a", "place"), Scene("a", "elsewhere"), Scene("b", "place")}) == 3
