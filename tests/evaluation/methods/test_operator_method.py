import torch

from twostage_hdr.evaluation.methods.ldr_identity import LdrIdentity
from twostage_hdr.evaluation.methods.operator_method import OperatorMethod


def test_white_at_200_candelas_becomes_one() -> None:
    method = OperatorMethod(operator=lambda ldr: ldr * 200, name="o", title="O")
    ldr = torch.rand(3, 4, 4)
    assert torch.allclose(method.reconstruct(ldr, scene=""), ldr)


def test_the_identity_is_the_frame_to_the_power_of_2_24() -> None:
    ldr = torch.tensor([0.0, 0.5, 1.0]).reshape(3, 1, 1)
    result = LdrIdentity().reconstruct(ldr, scene="any")
    assert torch.allclose(result.flatten(), torch.tensor([0.0, 0.5**2.24, 1.0]))
