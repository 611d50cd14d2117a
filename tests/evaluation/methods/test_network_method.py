from typing import ClassVar, Literal

import pytest
import torch
from torch import nn

from twostage_hdr.evaluation.methods.network_method import NetworkMethod


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
