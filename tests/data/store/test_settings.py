from typing import Any

import pytest

from twostage_hdr.data.store.settings import StoreSettings
from twostage_hdr.errors import InputError


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"placement": "tiles"}, "placement=tiles: choose one of random, grid"),
        ({"patches": None}, "patches=null: only placement=grid"),
        ({"patches": 0}, "patches=0"),
        ({"patch_size": 0}, "patch_size=0"),
        ({"zoom": 0.5}, "zoom=0.5"),
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        StoreSettings(**wrong)
