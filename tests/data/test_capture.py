import numpy as np
import pytest
import torch
import torch.nn.functional as F

from twostage_hdr.camera.exposure import ClippedShareExposure
from twostage_hdr.camera.response import GammaResponse, SigmoidResponse
from twostage_hdr.camera.virtual_camera import VirtualCamera
from twostage_hdr.data.capture import capture_triple
from twostage_hdr.data.triple import Triple
from twostage_hdr.data.window import Window
from twostage_hdr.radiometry.photometry import REFERENCE_CAP


def scene(height: int = 40, width: int = 56, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).lognormal(-1, 2, (3, height, width)).astype(np.float32))


def capture(
    linear: torch.Tensor, camera: VirtualCamera, *, window: Window | None = None, cap: float = REFERENCE_CAP
) -> Triple:
    return capture_triple(linear, camera, np.random.default_rng(1), window=window, cap=cap, scene="s")


def test_a_clean_frame_is_the_rounded_clipped_reference(clean_camera: VirtualCamera) -> None:
    ldr, reference8, reference16, name, _ = capture(scene(), clean_camera)
    assert name == "s"
    assert torch.equal(reference8, reference16.clamp(0, 1))
    expected = (255 * reference16.double().clamp(0, 1)).round() / 255
    # Half-way cases may fall to either side in float32.
    assert float((ldr - expected).abs().max()) < 1.01 / 255
    assert float(((ldr - expected).abs() < 1e-6).double().mean()) > 0.999


def test_the_references_are_the_scene_on_the_frames_scale_encoded_with_gamma_2_24(clean_camera: VirtualCamera) -> None:
    linear = scene()
    triple = capture(linear, clean_camera, cap=1e6)
    expected = (linear.double() * float(triple.scale)) ** (1 / 2.24)
    torch.testing.assert_close(triple.reference16.double(), expected, rtol=1e-5, atol=0)


def test_the_references_do_not_depend_on_the_response_that_made_the_frame() -> None:
    exposure = ClippedShareExposure(low=0.1, high=0.1)
    gamma, sigmoid = (
        capture(scene(), VirtualCamera(exposure=exposure, response=response))
        for response in (GammaResponse(), SigmoidResponse())
    )
    assert torch.equal(gamma.reference16, sigmoid.reference16)
    assert torch.equal(gamma.reference8, sigmoid.reference8)
    assert not torch.equal(gamma.ldr, sigmoid.ldr)


@pytest.mark.parametrize("cap", [1.5, 10.0])
def test_highlights_are_capped_at_the_stated_value(clean_camera: VirtualCamera, cap: float) -> None:
    linear = scene()
    linear[:, 0, 0] = 1e9
    assert float(capture(linear, clean_camera, cap=cap).reference16.max()) == cap


def test_a_window_is_the_same_place_of_the_whole_image_at_the_same_exposure(clean_camera: VirtualCamera) -> None:
    window = Window(32, 16, (0.3, 0.6), (0.5, 0.5))
    rows, columns = window.region(40, 56)
    whole, part = capture(scene(), clean_camera), capture(scene(), clean_camera, window=window)
    assert part.ldr.shape == (3, 16, 16)
    assert torch.equal(part.scale, whole.scale)
    for of_part, of_whole in zip(part[:3], whole[:3], strict=True):
        torch.testing.assert_close(of_part, of_whole[:, rows, columns])


def test_a_zoomed_window_is_averaged_in_linear_light(clean_camera: VirtualCamera) -> None:
    linear = scene(32, 32)
    triple = capture(linear, clean_camera, window=Window(32, 16, zoom=2.0), cap=1e6)
    blocks = F.avg_pool2d(linear[None].double(), 2)[0] * float(triple.scale)
    torch.testing.assert_close(triple.reference16.double() ** 2.24, blocks, rtol=1e-4, atol=1e-9)


def test_an_image_smaller_than_the_crop_is_continued_by_its_edges(clean_camera: VirtualCamera) -> None:
    triple = capture(scene(5, 9), clean_camera, window=Window(16, 16))
    assert triple.ldr.shape == (3, 16, 16)
    assert torch.equal(triple.reference16[:, 4:5, :9].expand(3, 12, 9), triple.reference16[:, 4:, :9])


def test_a_black_scene_stays_black_and_finite(clean_camera: VirtualCamera) -> None:
    triple = capture(torch.zeros(3, 8, 8), clean_camera)
    assert all(float(image.abs().max()) == 0 for image in triple[:3])
    assert float(triple.scale) == 1


def test_a_sun_of_the_largest_float_neither_overflows_nor_makes_nan(noisy_camera: VirtualCamera) -> None:
    linear = scene(8, 8)
    linear[:, 0, 0] = torch.finfo(torch.float32).max
    triple = capture(linear, noisy_camera)
    assert all(bool(torch.isfinite(image).all()) for image in triple[:3])
