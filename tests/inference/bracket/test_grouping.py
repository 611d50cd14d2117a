import pytest
from PIL import ExifTags, Image

from tests.refusal import refusal_of
from twostage_hdr.inference.bracket.grouping import group_by_count, group_by_exif


def _shot(folder, name, *, at, seconds=0.01, mode=2, model="One", size=(6, 4)):
    exif = Image.Exif()
    exif[ExifTags.Base.Model] = model
    photo = exif.get_ifd(ExifTags.IFD.Exif)
    photo[ExifTags.Base.ExposureTime] = seconds
    photo[ExifTags.Base.ExposureMode] = mode
    photo[ExifTags.Base.DateTimeOriginal] = f"2021:06:19 12:{at // 60:02d}:{at % 60:02d}"
    Image.new("RGB", size).save(folder / name, exif=exif)
    return folder / name


def _names(groups):
    return [[path.name for path in group] for group in groups]


def test_frames_in_succession_with_other_exposures_are_a_bracket(tmp_path):
    shots = [_shot(tmp_path, f"{at}.jpg", at=at, seconds=2.0**-at) for at in (0, 1, 2)]
    assert _names(group_by_exif(shots)) == [["0.jpg", "1.jpg", "2.jpg"]]


def test_an_exposure_that_comes_again_begins_the_next_bracket(tmp_path):
    shots = [_shot(tmp_path, f"{at}.jpg", at=at, seconds=2.0 ** -(at % 3)) for at in range(6)]
    assert _names(group_by_exif(shots)) == [["0.jpg", "1.jpg", "2.jpg"], ["3.jpg", "4.jpg", "5.jpg"]]


def test_a_pause_ends_a_bracket_but_a_long_exposure_is_no_pause(tmp_path):
    shots = [_shot(tmp_path, "a.jpg", at=0, seconds=1.0), _shot(tmp_path, "b.jpg", at=20, seconds=30.0)]
    shots += [_shot(tmp_path, "c.jpg", at=100, seconds=8.0)]
    assert _names(group_by_exif(shots)) == [["a.jpg", "b.jpg"], ["c.jpg"]]


@pytest.mark.parametrize("other", [{"mode": 0}, {"model": "Two"}, {"size": (4, 6)}])
def test_another_drive_mode_camera_or_size_is_no_frame_of_it(tmp_path, other):
    shots = [_shot(tmp_path, "a.jpg", at=0), _shot(tmp_path, "b.jpg", at=1, seconds=0.1, **other)]
    assert _names(group_by_exif(shots)) == [["a.jpg"], ["b.jpg"]]


def test_the_order_of_the_files_does_not_matter_and_what_is_silent_stands_alone(tmp_path):
    shots = [_shot(tmp_path, f"{at}.jpg", at=at, seconds=2.0**-at) for at in (2, 0, 1)]
    Image.new("RGB", (6, 4)).save(tmp_path / "scan.png")
    assert _names(group_by_exif([tmp_path / "scan.png", *shots])) == [["scan.png"], ["0.jpg", "1.jpg", "2.jpg"]]


def test_a_count_groups_in_the_given_order(tmp_path):
    paths = [tmp_path / f"{place}.jpg" for place in range(6)]
    assert [len(group) for group in group_by_count(paths, 3)] == [3, 3]
    for count in (1, 10, 4):
        with refusal_of(f"--group {count}"):
            group_by_count(paths, count)
