"""PQ code values against colour-science's BT.2020 matrix and ST 2084 curve."""

import colour
import numpy as np
import pytest

from twostage_hdr.imaging.pq_pixels import from_pq2020, to_pq2020

COLOURS = np.array([[[1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0.02, 0.5, 9], [0, 0, 0]]], dtype=np.float32)


@pytest.mark.parametrize("white", [200.0, 100.0, 203.0])
def test_code_values_are_those_of_colour_science(white: float) -> None:
    wide = colour.RGB_to_RGB(COLOURS, "ITU-R BT.709", "ITU-R BT.2020", chromatic_adaptation_transform=None)
    expected = colour.models.eotf_inverse_ST2084(np.maximum(wide, 0) * white)
    np.testing.assert_allclose(to_pq2020(COLOURS, white), expected, atol=2e-5)


def test_white_of_200_nits_has_its_published_code_value() -> None:
    # ITU-R BT.2408: 203 cd/m^2 is 58 % of the PQ signal.
    assert to_pq2020(np.ones((1, 1, 3), np.float32), 203.0) == pytest.approx(0.58, abs=0.001)


def test_decoding_undoes_encoding() -> None:
    np.testing.assert_allclose(from_pq2020(to_pq2020(COLOURS)), COLOURS, rtol=2e-4, atol=2e-4)


def test_light_above_ten_thousand_nits_is_clipped() -> None:
    assert to_pq2020(np.full((1, 1, 3), 1e6, np.float32)).max() == pytest.approx(1)
    assert from_pq2020(to_pq2020(np.full((1, 1, 3), 1e6, np.float32))) == pytest.approx(50, rel=1e-4)
