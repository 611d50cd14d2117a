import numpy as np
import pytest
import torch
from torch import Tensor

from twostage_hdr.networks.exposure_merge import merge_exposures
from twostage_hdr.radiometry.exposure_stack import stack_exposures

STOPS = (0.0, -2.0, 2.0)


def _light(height: int = 48, width: int = 64) -> Tensor:
    """From the dark to 3.5 times the reference's white, which the frame at -2 stops still records."""
    across = torch.logspace(-2, np.log10(3.5), width).expand(3, height, width)
    return (across * torch.tensor([1.0, 0.9, 0.8])[:, None, None]).contiguous()


def _stack(scenes: list[Tensor]) -> Tensor:
    """Eight-bit frames of gamma 2.24, without noise."""
    frames = [
        ((scene * 2.0**stop).clamp(0, 1) ** (1 / 2.24) * 255).round() / 255
        for scene, stop in zip(scenes, STOPS, strict=True)
    ]
    return stack_exposures(frames, STOPS)[None]


def test_a_scene_at_rest_comes_back_on_the_references_scale() -> None:
    light = _light()
    merged, white = merge_exposures(_stack([light] * 3))
    assert float(white) == pytest.approx(4.0)
    error = (merged[0] / light - 1).abs()
    assert error[:, light.amin(0) > 0.05].max() < 0.02
    assert error.median() < 0.005


def test_what_clips_in_all_frames_is_the_shortest_frames_white() -> None:
    merged, white = merge_exposures(_stack([torch.full((3, 9, 9), 20.0)] * 3))
    torch.testing.assert_close(merged, torch.full((1, 3, 9, 9), 4.0))
    assert float(white) == pytest.approx(4.0)


@pytest.mark.parametrize("moved", [1, 2])
def test_what_moved_in_one_frame_leaves_no_trace(moved: int) -> None:
    light = _light()
    other = light.clone()
    other[:, 10:30, 10:30] = 0.4  # where the reference holds 0.03 to 0.15
    merged, _ = merge_exposures(_stack([other if place == moved else light for place in range(3)]))
    inner = (light.amax(0) > 0.02) & (light.amax(0) < 0.9)
    assert ((merged[0] / light - 1).abs()[:, inner] < 0.08).all()


def test_a_dark_thing_before_a_light_is_not_taken_for_the_light() -> None:
    light = torch.full((3, 32, 32), 3.0)
    other = light.clone()
    other[:, 8:24, 8:24] = 0.1
    merged, _ = merge_exposures(_stack([light, other, light]))
    assert merged[0].min() >= 0.999  # the reference's white, which is all that the others say of it


def test_tiles_give_what_the_whole_frame_gives() -> None:
    torch.manual_seed(0)
    stack = _stack([_light() * (1 + 0.3 * torch.rand(3, 48, 64)) for _ in STOPS])
    whole, _ = merge_exposures(stack)
    part, _ = merge_exposures(stack[..., 8:40, 16:48])
    torch.testing.assert_close(part[..., 8:-8, 8:-8], whole[..., 16:32, 24:40])
