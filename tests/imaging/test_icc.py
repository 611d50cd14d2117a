"""The profile that we write, read by Little CMS through Pillow."""

import io

import colour
import numpy as np
import pytest
from PIL import Image, ImageCms

from twostage_hdr.imaging.icc import rec709_profile


def test_little_cms_knows_the_profile_as_rgb() -> None:
    profile = ImageCms.ImageCmsProfile(io.BytesIO(rec709_profile(2.24))).profile
    assert profile.xcolor_space.strip() == "RGB"
    # The profile's primaries are adapted to D50; brought back they are Rec. 709's.
    adapted = np.array([profile.red_primary[1], profile.green_primary[1], profile.blue_primary[1]])
    expected = colour.RGB_COLOURSPACES["ITU-R BT.709"].matrix_RGB_to_XYZ.T
    bradford = colour.adaptation.matrix_chromatic_adaptation_VonKries(
        colour.xy_to_XYZ([0.3127, 0.3290]), np.array([0.9642, 1, 0.8249]), transform="Bradford"
    )
    xyz = expected @ bradford.T
    np.testing.assert_allclose(adapted[:, :2], [colour.XYZ_to_xy(row) for row in xyz], atol=1e-3)


@pytest.mark.parametrize("gamma", [1.0, 2.24])
def test_a_colour_managed_viewer_shows_the_light_that_was_meant(gamma: float) -> None:
    codes = np.arange(1, 256, dtype=np.uint8)
    picture = Image.fromarray(np.repeat(codes[None, :, None], 3, axis=2))
    ours = ImageCms.ImageCmsProfile(io.BytesIO(rec709_profile(gamma)))
    shown = ImageCms.profileToProfile(picture, ours, ImageCms.createProfile("sRGB"))
    expected = colour.models.eotf_inverse_sRGB((codes / 255) ** gamma) * 255
    np.testing.assert_allclose(np.asarray(shown)[0, :, 1], expected, atol=1.01)
