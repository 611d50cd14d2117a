import pytest
import torch

from twostage_hdr.radiometry.exposure_stack import frame_count, reference_frame, stack_exposures


def test_frames_of_one_light_are_equal_on_the_reference_scale() -> None:
    light = torch.rand(3, 5, 7) * 0.2
    stops = (0.0, -2.0, 2.0)
    stack = stack_exposures([(light * 2.0**stop) ** (1 / 2.24) for stop in stops], stops)
    assert stack.shape == (3, 2, 3, 5, 7)
    for frame in stack[:, 1]:
        torch.testing.assert_close(frame, light, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("batch", [(), (2,)])
def test_the_reference_is_the_first_encoded_frame_and_a_single_frame_is_its_own(batch: tuple[int, ...]) -> None:
    stack = torch.rand(*batch, 3, 2, 3, 4, 6)
    torch.testing.assert_close(reference_frame(stack), stack[:, 0, 0] if batch else stack[0, 0])
    single = torch.rand(*batch, 3, 4, 6)
    assert reference_frame(single) is single
    assert (frame_count(stack), frame_count(single)) == (3, 1)
