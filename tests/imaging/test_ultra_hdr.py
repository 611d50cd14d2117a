"""Ultra HDR as libultrahdr decodes it, and as a normal JPEG everywhere else."""

import io
import shutil
import subprocess
from pathlib import Path

import colour
import cv2
import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageCms

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.preview import to_srgb8
from twostage_hdr.imaging.ultra_hdr import read_ultra_hdr, write_ultra_hdr


def by_libultrahdr(path: Path) -> np.ndarray:
    return imagecodecs.ultrahdr_decode(path.read_bytes())[:, :, :3].astype(np.float32)


@pytest.mark.parametrize("quality", [95, 100])
def test_libultrahdr_gives_the_hdr_picture_back(tmp_path: Path, scene: np.ndarray, quality: int) -> None:
    write_ultra_hdr(tmp_path / "a.jpg", scene, quality=quality)
    decoded = by_libultrahdr(tmp_path / "a.jpg")
    bright = scene.mean(axis=-1) > 0.05
    ratio = (decoded[bright] + 1 / 64) / (scene[bright] + 1 / 64)
    assert np.median(np.abs(ratio - 1)) < 0.02
    assert np.percentile(np.abs(ratio - 1), 99) < 0.12
    assert decoded.max() == pytest.approx(scene.max(), rel=0.05)


def test_the_photograph_itself_is_the_base(tmp_path: Path, scene: np.ndarray) -> None:
    base = to_srgb8(scene)
    write_ultra_hdr(tmp_path / "a.jpg", scene, base=base, quality=100)
    with Image.open(tmp_path / "a.jpg") as image:
        shown = np.asarray(image).astype(int)
    assert np.mean(np.abs(shown - base)) < 1
    bright = scene.mean(axis=-1) > 0.05
    decoded = by_libultrahdr(tmp_path / "a.jpg")
    assert np.median(np.abs(decoded[bright] / np.maximum(scene[bright], 1e-3) - 1)) < 0.02


def test_for_pillow_and_opencv_it_is_an_ordinary_srgb_jpeg(tmp_path: Path, scene: np.ndarray) -> None:
    write_ultra_hdr(tmp_path / "a.jpg", scene)
    with Image.open(tmp_path / "a.jpg") as image:
        image.load()
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (64, 48))
        shown = np.asarray(image)
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
    assert profile.profile.profile_description.startswith("sRGB")
    np.testing.assert_allclose(cv2.imread(str(tmp_path / "a.jpg"))[:, :, ::-1], shown, atol=2)
    assert shown.max() > 200


@pytest.mark.skipif(shutil.which("identify") is None, reason="ImageMagick is not installed")
def test_imagemagick_sees_one_ordinary_jpeg(tmp_path: Path, scene: np.ndarray) -> None:
    write_ultra_hdr(tmp_path / "a.jpg", scene)
    told = subprocess.run(
        ["identify", "-format", "%m %wx%h %z\n", tmp_path / "a.jpg"], capture_output=True, text=True, check=True
    )
    assert told.stdout == "JPEG 64x48 8\n"


def test_reading_is_libultrahdrs_decoding_with_a_white_of_203_nits(tmp_path: Path, scene: np.ndarray) -> None:
    write_ultra_hdr(tmp_path / "a.jpg", scene)
    image = read_ultra_hdr(tmp_path / "a.jpg")
    np.testing.assert_array_equal(image.pixels, np.maximum(by_libultrahdr(tmp_path / "a.jpg"), 0))
    assert (image.white_nits, image.primaries) == (203, "Rec. 709")


def test_files_of_libultrahdrs_own_encoder_are_read(tmp_path: Path) -> None:
    linear = np.geomspace(0.01, 4, 64 * 48, dtype=np.float32).reshape(48, 64)
    rgba = np.ones((48, 64, 4), np.float16)
    rgba[:, :, :3] = linear[:, :, None]
    (tmp_path / "a.jpg").write_bytes(imagecodecs.ultrahdr_encode(rgba, level=98))
    image = read_ultra_hdr(tmp_path / "a.jpg")
    ratio = image.pixels[:, :, 1] / linear
    # Its encoder may choose another white; the ratios of luminances are what it has to keep.
    ratio /= np.median(ratio)
    assert np.percentile(np.abs(ratio - 1), 95) < 0.1


def test_the_decoder_ends_at_ten_thousand_nits(tmp_path: Path) -> None:
    bright = np.full((16, 16, 3), 200.0, np.float32)
    bright[:, :8] = 0.5
    write_ultra_hdr(tmp_path / "a.jpg", bright)
    assert read_ultra_hdr(tmp_path / "a.jpg").pixels.max() == pytest.approx(10_000 / 203, rel=0.02)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_flat_pictures_without_highlights_come_back(tmp_path: Path, value: float) -> None:
    write_ultra_hdr(tmp_path / "a.jpg", np.full((16, 16, 3), value, np.float32))
    np.testing.assert_allclose(read_ultra_hdr(tmp_path / "a.jpg").pixels, value, atol=0.02)


def test_a_single_pixel_and_odd_sizes_are_written(tmp_path: Path) -> None:
    for size in ((1, 1), (9, 13), (8, 17)):
        write_ultra_hdr(tmp_path / "a.jpg", np.full((*size, 3), 2.0, np.float32))
        with Image.open(tmp_path / "a.jpg") as image:
            assert image.size == size[::-1]


def test_a_base_in_display_p3_is_converted(tmp_path: Path) -> None:
    write_ultra_hdr(tmp_path / "a.jpg", np.full((16, 16, 3), (0.8, 0.3, 0.1), np.float32), quality=100)
    data = (tmp_path / "a.jpg").read_bytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    same_length = srgb.replace("sRGB built-in".encode("utf-16-be"), "Display P3   ".encode("utf-16-be"))
    (tmp_path / "a.jpg").write_bytes(_with_profile(data, same_length))
    image = read_ultra_hdr(tmp_path / "a.jpg")
    assert image.primaries == "Display P3"
    expected = colour.RGB_to_RGB([0.8, 0.3, 0.1], "Display P3", "sRGB", chromatic_adaptation_transform=None)
    np.testing.assert_allclose(image.pixels.mean(axis=(0, 1)), np.maximum(expected, 0), atol=0.02)


def _with_profile(data: bytes, profile: bytes) -> bytes:
    name = b"ICC_PROFILE\0\x01\x01"
    at = data.index(name) + len(name)
    return data[:at] + profile + data[at + len(profile) :]


def test_an_ordinary_photograph_is_sent_to_reconstruct(tmp_path: Path) -> None:
    Image.new("RGB", (32, 32), (90, 90, 90)).save(tmp_path / "a.jpg")
    with pytest.raises(InputError, match=r"no Ultra HDR JPEG, .*; an ordinary photograph goes to reconstruct"):
        read_ultra_hdr(tmp_path / "a.jpg")


@pytest.mark.parametrize("share", [0, 0.001, 0.1, 0.5, 0.9, 0.99])
def test_a_cut_file_is_refused_in_one_line(tmp_path: Path, scene: np.ndarray, share: float) -> None:
    write_ultra_hdr(tmp_path / "a.jpg", scene)
    data = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(InputError, match=r"a\.jpg: ") as caught:
        read_ultra_hdr(tmp_path / "a.jpg")
    assert "\n" not in str(caught.value)
