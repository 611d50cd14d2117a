import cv2
import imageio.v3 as iio
import numpy as np
import OpenEXR
import pytest

from twostage_hdr.errors import InputError
from twostage_hdr.inference.result_files import ENDINGS, ResultFiles, ResultOptions, result_paths

WIDTH, HEIGHT = 24, 19


@pytest.fixture
def linear() -> np.ndarray:
    return (np.random.default_rng(1).random((HEIGHT, WIDTH, 3), dtype=np.float32) * 1.2) ** 4 * 4


def _write(directory, linear, formats, **options) -> None:
    files = ResultFiles(
        directory,
        "photo",
        formats,
        width=WIDTH,
        height=HEIGHT,
        options=ResultOptions(**options),
        base=None,
        uncertainty=lambda top, bottom: linear[top:bottom].max(axis=-1),
    )
    with files:
        for top in range(0, HEIGHT, 7):
            files.write_rows(linear[top : top + 7])


def test_every_format_writes_the_files_it_promises(tmp_path, linear):
    _write(tmp_path, linear, tuple(ENDINGS))
    promised = {path.name for path in result_paths(tmp_path, "photo", tuple(ENDINGS))}
    assert {path.name for path in tmp_path.iterdir()} == promised
    assert all(path.stat().st_size > 0 for path in tmp_path.iterdir())


def test_uncertainty_is_one_channel_of_stops(tmp_path, linear):
    _write(tmp_path, linear, ["uncertainty"])
    with OpenEXR.File(str(tmp_path / "photo_uncertainty.exr")) as file:
        np.testing.assert_allclose(file.channels()["Y"].pixels, linear.max(axis=-1), rtol=1e-3)
    assert iio.imread(tmp_path / "photo_uncertainty.png").shape == linear.shape


def test_openexr_in_float_is_read_back_exactly_by_openexr_itself(tmp_path, linear):
    _write(tmp_path, linear, ["exr"], half=False)
    with OpenEXR.File(str(tmp_path / "photo.exr")) as file:
        np.testing.assert_array_equal(file.channels()["RGB"].pixels, linear)


def test_the_challenge_pair_divided_by_its_ratio_is_the_encoded_image(tmp_path, linear):
    _write(tmp_path, linear, ["png16"])
    stored = iio.imread(tmp_path / "photo_hdr.png", plugin="opencv", flags=cv2.IMREAD_UNCHANGED)
    ratio = float(np.load(tmp_path / "photo_alignratio.npy"))
    assert stored.dtype == np.uint16
    assert stored.max() == 65535
    np.testing.assert_allclose(stored / ratio, linear ** (1 / 2.24), atol=0.6 / ratio)


def test_a_failure_in_the_middle_leaves_nothing(tmp_path, linear):
    files = ResultFiles(
        tmp_path, "photo", ["exr", "png16"], width=WIDTH, height=HEIGHT, options=ResultOptions(), base=None
    )
    with pytest.raises(ValueError, match="do not fit"), files:
        files.write_rows(np.concatenate([linear, linear]))
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_format_is_refused_with_the_choices(tmp_path):
    with pytest.raises(InputError, match="'bmp': unknown; choose from exr, png16"):
        result_paths(tmp_path, "photo", ["bmp"])
