"""Settings against the arguments that they become."""

from typing import Any

import pytest
from omegaconf import OmegaConf

from twostage_hdr.cli.constructor_schema import check_settings
from twostage_hdr.errors import InputError


class Lamp:
    """Something with typed arguments."""

    def __init__(self, *, watts: float | None, count: int = 1, name: str = "", mode: str | int = 0) -> None:
        pass


class Anything:
    """Something that takes whatever it is given."""

    def __init__(self, **settings: Any) -> None:
        pass


LAMP = f"{__name__}.Lamp"


@pytest.fixture(autouse=True)
def _by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {LAMP: Lamp, "anything": Anything}
    monkeypatch.setattr("twostage_hdr.cli.constructor_schema.get_object", known.__getitem__)


def check(**lamp: Any) -> None:
    check_settings(OmegaConf.create({"rooms": [{"lamp": {"_target_": LAMP, **lamp}}]}))


@pytest.mark.parametrize(
    "lamp",
    [
        {"watts": 3, "count": 2},
        {"watts": None},
        {"watts": "???"},  # to be given yet: somebody else says so
        {"name": "many", "mode": "auto"},
        {"_partial_": True},
    ],
)
def test_what_fits_passes(lamp: dict[str, Any]) -> None:
    check(**lamp)


def test_an_argument_that_does_not_exist_is_told_with_those_that_do() -> None:
    with pytest.raises(InputError) as refused:
        check(wats=3)
    assert str(refused.value) == "rooms.0.lamp.wats: no such setting; rooms.0.lamp has watts, count, name, mode"


@pytest.mark.parametrize("lamp", [{"watts": "bright"}, {"count": "many"}])
def test_words_in_place_of_a_number_are_refused(lamp: dict[str, Any]) -> None:
    (name, value), *_ = lamp.items()
    with pytest.raises(InputError, match=f"rooms.0.lamp.{name}={value}: must be a number"):
        check(**lamp)


def test_a_target_that_takes_anything_is_given_it() -> None:
    check_settings(OmegaConf.create({"_target_": "anything", "watts": "bright"}))
