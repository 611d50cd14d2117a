import pytest
import torch

from experiments.figure5_gallery.crop import Crop, choose_crop


def scene(height: int = 60, width: int = 80) -> torch.Tensor:
    return torch.full((3, height, width), 0.3)


def frame(linear: torch.Tensor) -> torch.Tensor:
    return linear.clamp(max=1) ** (1 / 2.24)


def test_a_crop_cuts_rows_and_columns_where_it_says() -> None:
    image = torch.arange(20.0 * 30).reshape(1, 20, 30)
    cut = Crop(top=4, left=7, height=5, width=6).of(image)
    assert cut.shape == (1, 5, 6)
    assert cut[0, 0, 0] == 4 * 30 + 7


def test_the_brighter_of_two_lamps_of_one_size_is_shown() -> None:
    linear = scene()
    linear[:, 10:16, 10:16] = 4
    linear[:, 40:46, 60:66] = 64
    crop = choose_crop(frame(linear), linear, 20).crop
    lamp = torch.zeros(1, 60, 80)
    lamp[:, 40:46, 60:66] = 1
    assert crop.of(lamp).sum() == 36
    assert choose_crop(frame(linear), linear, 20).interest == pytest.approx(6 * 36 / 400 * (1 - 36 / 400))


def test_the_edge_of_a_white_sky_is_shown_rather_than_its_middle() -> None:
    linear = scene()
    linear[:, :40] = 8
    share = choose_crop(frame(linear), linear, 20).crop.of((linear[:1] > 1).float()).mean()
    assert share == pytest.approx(0.5)  # s (1 - s) is largest there


def test_light_that_is_hardly_above_white_is_no_reason_for_a_crop() -> None:
    linear = scene()
    linear[:, 10:20, 10:20] = 1.5
    assert choose_crop(frame(linear), linear, 20).interest == 0
    assert choose_crop(frame(linear), None, 20).interest > 0


def test_in_a_photograph_a_lamp_is_shown_rather_than_a_wall_whose_red_is_clipped() -> None:
    linear = scene()
    linear[0, 30:] = 2
    linear[:, 4:10, 4:10] = 2
    crop = choose_crop(frame(linear), None, 20).crop
    assert crop.of((linear.amin(0, keepdim=True) > 1).float()).sum() == 36


def test_a_small_image_is_taken_as_far_as_it_goes() -> None:
    linear = scene(12, 80)
    linear[:, :, 70:] = 9
    crop = choose_crop(frame(linear), linear, 20).crop
    assert (crop.top, crop.height, crop.width) == (0, 12, 20)
    assert crop.left == 60
