"""Pictures to write and read: a smooth HDR scene, and the real files where they lie beside the checkout."""

from pathlib import Path

import numpy as np
import pytest

SHARED = Path(__file__).parents[2] / ".." / "shared"


@pytest.fixture
def scene() -> np.ndarray:
    """A smooth HDR picture, 48x64x3: greys and colours of Rec. 709 from black to 24 times white."""
    rows, columns = np.mgrid[:48, :64].astype(np.float32)
    stops = -7 + 11.58 * (columns / 63)
    tint = 0.5 + 0.5 * np.stack([np.cos(rows / 12 + phase) for phase in (0.0, 2.1, 4.2)], axis=-1)
    picture = np.exp2(stops)[:, :, None] * (0.4 + 0.6 * tint)
    picture[:6, :6] = 0
    return picture.astype(np.float32)


@pytest.fixture
def noise() -> np.ndarray:
    """HDR noise, 19x23x3, from 0 to about 60 times white: every pixel unlike its neighbours."""
    return (np.random.default_rng(3).random((19, 23, 3), dtype=np.float32) * 1.5) ** 5 * 8


@pytest.fixture
def shared() -> Path:
    """The folder of real pictures beside the checkout."""
    if not (SHARED / "hdr").is_dir():
        pytest.skip("no folder of real pictures beside the checkout")
    return SHARED
