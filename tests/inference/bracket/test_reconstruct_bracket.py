import numpy as np
import pytest
from PIL import Image

import twostage_hdr
from tests.imaging.test_camera_raw import write_dng
from tests.refusal import refusal_of
from twostage_hdr.inference.bracket.reconstruct_bracket import BracketOptions, merge_bracket, reconstruct_bracket
from twostage_hdr.inference.reconstruct import reconstruct
from twostage_hdr.networks.two_stage import TwoStageNetwork

STOPS = (0.0, -2.0, 2.0)
TRIPOD = BracketOptions(align="none")


def _said(bracket):
    return "; ".join(bracket.notes)


@pytest.fixture
def network():
    return TwoStageNetwork(features=8, growth=4)


def test_three_photographs_with_exif_are_within_two_percent_of_the_truth(scene, photographed, network):
    light = scene()
    result = reconstruct_bracket(photographed(light, STOPS), weights=network)
    codes = np.clip(light[None] * 2.0 ** np.array(STOPS)[:, None, None, None], 0, 2) ** (1 / 2.24) * 255
    recorded = ((codes > 66) & (codes < 230)).all(axis=3).any(axis=0)
    error = np.abs(result / light - 1)[recorded]
    assert result.dtype == np.float32
    assert recorded.mean() > 0.4
    assert error.max() < 0.02
    assert np.median(error) < 0.0035


def test_a_hand_held_bracket_is_aligned_with_the_reference(scene, photographed):
    light = scene(301, 403)
    moved = [light, np.roll(light, (6, -9), (0, 1)), np.roll(light, (-4, 7), (0, 1))]
    bracket = merge_bracket(photographed(moved, STOPS), BracketOptions(reference="1"))
    inner = np.s_[20:-20, 20:-20]
    error = np.abs(bracket.merged.linear / light - 1)[inner][light[inner].max(axis=2) < 3]
    assert np.median(error) < 0.01
    assert "aligned, moved by up to 11 px" in _said(bracket) or "aligned, moved by up to 10 px" in _said(bracket)


def test_the_order_of_the_frames_does_not_matter(scene, photographed, network):
    paths = photographed(scene(), STOPS)
    results = [reconstruct_bracket(order, weights=network) for order in (paths, paths[::-1])]
    np.testing.assert_allclose(results[1], results[0], rtol=1e-3)


def test_without_exif_exposures_are_estimated_and_said(scene, photographed):
    light = scene()
    bracket = merge_bracket(photographed(light, STOPS, exif=False), BracketOptions(gamma=2.24, reference="1"))
    assert "frames at +0.0, -2.0, +2.0 stops (estimated from the pixels" in _said(bracket)
    usual = light.max(axis=2) < 3
    assert np.median(np.abs(bracket.merged.linear / light - 1)[usual]) < 0.01


def test_exposures_that_are_given_replace_those_of_exif(scene, photographed):
    paths = photographed(scene(), STOPS)
    said = _said(merge_bracket(paths, BracketOptions(stops=(0, -2.1, 2), align="none")))
    assert "(given)" in said


def test_exposures_that_the_pixels_contradict_are_a_warning_with_its_cure(scene, photographed):
    paths = photographed(scene(), STOPS)
    wrong = merge_bracket(paths, BracketOptions(stops=(0, 2, -2), align="none", reference="1"))
    (warning,) = [note for note in wrong.notes if note.startswith("warning: ")]
    assert "+0.0, +2.0, -2.0 stops (given) contradict the pixels, which say +0.0, -1.8, +1.9; " in warning
    assert warning.endswith("leave --ev out")
    assert "warning" not in _said(merge_bracket(paths, TRIPOD))
    exif = photographed([scene() * 2.0 ** (-2 * stop) for stop in STOPS], STOPS)
    assert "(EXIF) contradict the pixels" in _said(merge_bracket(exif, TRIPOD))


def test_the_reference_sets_the_white(scene, photographed):
    paths = photographed(scene(), STOPS)
    first, short = (merge_bracket(paths, BracketOptions(align="none", reference=name)) for name in ("1", paths[1].name))
    usual = scene().max(axis=2) < 0.8
    ratio = short.merged.linear[usual] / first.merged.linear[usual]
    assert np.median(ratio) == pytest.approx(0.25, rel=0.01)


def test_frames_of_one_exposure_are_averaged_and_the_rest_is_the_networks(scene, photographed):
    bracket = merge_bracket(photographed(scene(), (0.0, 0.0, 0.0)), TRIPOD)
    assert "all frames have one exposure" in _said(bracket)
    assert (bracket.merged.missing > 0).mean() > 0.05


def test_a_single_frame_is_a_photograph(scene, photographed, network):
    (path,) = photographed(scene(), (0.0,))
    np.testing.assert_array_equal(reconstruct_bracket([path], weights=network), reconstruct(path, weights=network))
    assert "a single frame" in _said(merge_bracket([path], TRIPOD))


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (1, 57), (33, 17)])
def test_any_size_is_merged(scene, photographed, network, size):
    paths = photographed(scene(*size), STOPS)
    result = reconstruct_bracket(paths, options=TRIPOD, weights=network)
    assert result.shape == (*size, 3)
    assert np.isfinite(result).all()


def test_frames_of_8_and_16_bits_go_together(scene, photographed):
    paths = photographed(scene(), (0.0, -2.0))
    deep = paths[0].with_name("deep.tif")
    import tifffile

    tifffile.imwrite(deep, np.asarray(Image.open(paths[0])).astype(np.uint16) * 257, photometric="rgb")
    options = BracketOptions(align="none", stops=(0.0, -2.0), reference="1")
    mixed, plain = merge_bracket([deep, paths[1]], options), merge_bracket(paths, options)
    np.testing.assert_allclose(mixed.merged.linear, plain.merged.linear, rtol=2e-3, atol=1e-5)


def test_a_bracket_by_aperture_is_said(scene, photographed):
    paths = photographed(scene(), (0.0, -2.0))
    with Image.open(paths[1]) as image:
        exif = image.getexif()
        exif.get_ifd(0x8769)[0x829D] = 4.0
        image.save(paths[1], exif=exif)
    assert "by aperture" in _said(merge_bracket(paths, TRIPOD))


def test_raw_frames_keep_their_exposures(tmp_path):
    pytest.importorskip("rawpy")
    paths = [tmp_path / "a.dng", tmp_path / "b.dng"]
    for path in paths:
        write_dng(path)
    bracket = merge_bracket(paths, BracketOptions(stops=(0, 0), align="none"))
    np.testing.assert_allclose(bracket.merged.linear[32, 70], 0.18, rtol=0.02)
    assert bracket.base.dtype == np.uint16


@pytest.mark.parametrize(
    ("options", "setting", "seen"),
    [
        (BracketOptions(stops=(0, 1)), "--ev", ["2 exposures", "3 frames"]),
        (BracketOptions(reference="x.jpg"), "--reference x.jpg", ["frame0.png"]),
        (BracketOptions(reference="4"), "--reference 4", ["1 to 3"]),
        (BracketOptions(align="magic"), "--align magic", ["none", "mtb", "homography"]),
    ],
)
def test_settings_that_do_not_fit_are_refused(scene, photographed, options, setting, seen):
    with refusal_of(setting, *seen):
        merge_bracket(photographed(scene(), STOPS), options)


def test_frames_that_cannot_be_used_are_refused_by_name(scene, photographed):
    paths = photographed(scene(), STOPS)
    with refusal_of("bracket", "12 frames"):
        merge_bracket(paths * 4, TRIPOD)
    Image.new("RGB", (9, 9)).save(paths[2])
    with refusal_of("frame2.png", "9x9 px", "frame0.png", "243x181"):
        merge_bracket(paths, TRIPOD)
    paths[1].write_bytes(paths[1].read_bytes()[:2000])
    with refusal_of("frame1.png"):
        merge_bracket(paths, TRIPOD)


def test_it_is_there_from_the_package_itself():
    assert twostage_hdr.reconstruct_bracket is reconstruct_bracket


def test_a_frame_that_cannot_be_aligned_is_left_out_with_a_word(scene, photographed):
    light = scene()
    paths = photographed([light, scene(seed=7), light], (0.0, 1.0, -2.0))
    options = BracketOptions(stops=(0.0, 1.0, -2.0), reference="3", gamma=2.24)
    bracket = merge_bracket(paths, options)
    assert "left out, cannot be aligned (--align none keeps it): frame1.png" in _said(bracket)
    assert "reference frame2.png" in _said(bracket)
    without = merge_bracket([paths[0], paths[2]], BracketOptions(stops=(0.0, -2.0), reference="2", gamma=2.24))
    np.testing.assert_array_equal(bracket.merged.linear, without.merged.linear)
