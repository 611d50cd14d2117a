from pathlib import Path
from typing import ClassVar, Literal

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from tests.refusal import refusal_of
from twostage_hdr.evaluation.methods import (
    FolderMethod,
    LdrIdentity,
    NetworkMethod,
    OperatorMethod,
    SeveralShotsMethod,
)


def write_radiance(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.ascontiguousarray(pixels[:, :, ::-1]))


def pixels() -> np.ndarray:
    return (np.random.default_rng(0).random((8, 12, 3)) * 4 + 0.5).astype(np.float32)


@pytest.mark.parametrize("file", ["kitchen.hdr", "room_kitchen.hdr", "room/kitchen.hdr"])
def test_a_file_is_found_by_its_scene(tmp_path: Path, file: str) -> None:
    wanted = pixels()
    write_radiance(tmp_path / file, wanted)
    scene = "kitchen" if file == "kitchen.hdr" else "room/kitchen"
    result = FolderMethod(folder=tmp_path, name="f", title="F").reconstruct(torch.zeros(3, 8, 12), scene=scene)
    # RGBE keeps 8 bits beside the brightest channel's exponent.
    np.testing.assert_allclose(result.permute(1, 2, 0).numpy(), wanted, atol=4.5 / 128)


def test_a_missing_result_is_one_line_with_the_scene(tmp_path: Path) -> None:
    with refusal_of(tmp_path, "'Theirs'", "'x9'", "x9.exr"):
        FolderMethod(folder=tmp_path, name="f", title="Theirs").reconstruct(torch.zeros(3, 2, 2), scene="x9")


def test_a_result_of_another_size_is_refused_with_both_sizes(tmp_path: Path) -> None:
    write_radiance(tmp_path / "a.hdr", pixels())
    with refusal_of(tmp_path / "a.hdr", "12x8", "'a'", "24x8"):
        FolderMethod(folder=tmp_path, name="f", title="F").reconstruct(torch.zeros(3, 8, 24), scene="a")


def _frame(height: int, width: int) -> torch.Tensor:
    return torch.randint(0, 256, (3, height, width)) / 255


class Offset(nn.Module):
    """Adds a constant, and remembers in which mode it was called."""

    output: ClassVar[Literal["encoded", "linear"]] = "encoded"

    def __init__(self, offset: float) -> None:
        super().__init__()
        self.offset = nn.Parameter(torch.tensor(offset))
        self.was_training = True

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        self.was_training = self.training
        return image + self.offset


class LinearOffset(Offset):
    output: ClassVar[Literal["encoded", "linear"]] = "linear"


def test_an_encoded_output_is_decoded_with_gamma_2_24() -> None:
    ldr = _frame(5, 7)
    result = NetworkMethod(network=Offset(1.0), name="n", title="N").reconstruct(ldr, scene="")
    assert torch.allclose(result, (ldr + 1) ** 2.24, atol=1e-5)


def test_a_linear_output_is_taken_as_it_is_but_never_negative() -> None:
    ldr = _frame(5, 7)
    result = NetworkMethod(network=LinearOffset(-0.5), name="n", title="N").reconstruct(ldr, scene="")
    assert torch.allclose(result, (ldr - 0.5).clamp(min=0), atol=1e-6)


def test_the_network_runs_in_evaluation_mode_without_gradient() -> None:
    network = Offset(0.0).train()
    result = NetworkMethod(network=network, name="n", title="N").reconstruct(_frame(2, 2), scene="")
    assert not network.was_training
    assert not result.requires_grad
    assert not result.is_inference()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_result_comes_back_to_the_cpu() -> None:
    method = NetworkMethod(network=Offset(0.0), name="n", title="N", device="cuda")
    assert method.reconstruct(_frame(2, 2), scene="").device.type == "cpu"


def test_white_at_200_candelas_becomes_one() -> None:
    method = OperatorMethod(operator=lambda ldr: ldr * 200, name="o", title="O")
    ldr = torch.rand(3, 4, 4)
    assert torch.allclose(method.reconstruct(ldr, scene=""), ldr)


def test_the_identity_is_the_frame_to_the_power_of_2_24() -> None:
    ldr = torch.tensor([0.0, 0.5, 1.0]).reshape(3, 1, 1)
    result = LdrIdentity().reconstruct(ldr, scene="any")
    assert torch.allclose(result.flatten(), torch.tensor([0.0, 0.5**2.24, 1.0]))


class Shortest(nn.Module):
    """Returns the last frame's light, and sees one pixel around."""

    output: ClassVar[Literal["encoded", "linear"]] = "linear"
    receptive_radius = 1
    frames = 2

    def forward(self, stack: torch.Tensor) -> torch.Tensor:
        return nn.functional.avg_pool2d(stack[:, -1, 1], 3, 1, 1, count_include_pad=False)


def test_a_network_of_several_shots_is_given_all_frames_in_exact_tiles() -> None:
    stack = torch.rand(2, 2, 3, 300, 270)
    result = SeveralShotsMethod(network=Shortest(), name="n", title="N").reconstruct(stack, scene="")
    torch.testing.assert_close(result, Shortest()(stack[None])[0])


@pytest.mark.parametrize("seen", [torch.rand(3, 4, 4), torch.rand(3, 2, 3, 4, 4)])
def test_data_with_another_number_of_frames_are_refused(seen: torch.Tensor) -> None:
    with refusal_of("scene 'a'", "'N'", 2, "camera=all_exposures"):
        SeveralShotsMethod(network=Shortest(), name="n", title="N").reconstruct(seen, scene="a")
