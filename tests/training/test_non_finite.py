from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn
from torch.utils.data import DataLoader

from tests.refusal import refusal_of
from twostage_hdr.data.triple import Triple
from twostage_hdr.losses.weighted import WeightedLoss
from twostage_hdr.training.non_finite import FILE, NonFiniteGuard, skips_updates


class Failing(nn.Module):
    """Mean of an L1 whose gradient or value is not finite once the reference has a value above 100."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def forward(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        value = (prediction - target).abs().mean()
        if target.max() < 100:
            return value
        if self.kind == "value":
            return value * torch.inf
        return (
            value + torch.where(prediction > -1, 0, (prediction * 0).sqrt()).sum()
        )  # the unused branch's slope is NaN


@pytest.fixture
def run(trainer, two_stage, one_batch, tmp_path: Path) -> Callable[[str, str], list[Triple]]:
    def train(kind: str, seen: str) -> list[Triple]:
        images = one_batch(2)
        triples = [images[index] for index in range(4)]
        triples[2] = triples[2]._replace(reference16=triples[2].reference16 * 1000)
        loss = WeightedLoss(terms={"failing": Failing(kind)}, weights={"failing": 1.0})
        module = two_stage(tone_mapping_loss=loss, optimizer=partial(torch.optim.SGD, lr=1e-3))
        before = [parameter.detach().clone() for parameter in module.parameters()]
        running = trainer(default_root_dir=tmp_path)
        with refusal_of("epoch 1, update 2", seen, tmp_path / FILE):
            running.fit(module, DataLoader(triples, batch_size=2))
        moved = [not torch.equal(old, new) for old, new in zip(before, module.parameters(), strict=True)]
        assert any(moved)  # by the first, good step
        assert module.updates == 1
        assert all(parameter.isfinite().all() for parameter in module.parameters())
        return triples

    return train


@pytest.mark.parametrize(("kind", "seen"), [("value", "tone_mapping loss inf"), ("slope", "tone_mapping gradient nan")])
def test_a_step_that_is_not_finite_ends_the_run_with_its_batch_kept(run, tmp_path: Path, kind: str, seen: str) -> None:
    triples = run(kind, seen)
    kept = load_file(tmp_path / FILE)
    assert torch.equal(kept["ldr"], torch.stack([triple.ldr for triple in triples[2:]]))
    assert torch.equal(kept["reference16"], torch.stack([triple.reference16 for triple in triples[2:]]))
    with safe_open(tmp_path / FILE, framework="pt") as file:
        assert file.metadata()["scenes"] == "folder/2\nfolder/3"


def moving(value: float, weight: nn.Parameter, optimizer: torch.optim.Optimizer, guard: NonFiniteGuard) -> None:
    """One update as a GPU does it: nothing is read, the optimiser's kernel looks for itself."""
    weight.grad = torch.full_like(weight, value)
    triple = Triple(*torch.ones(3, 1, 3, 2, 2), ("scene",), torch.ones(1))
    judged = guard.judge({"gradient": weight.grad.norm()})
    guard.send(judged, triple, f"value {value}")
    optimizer.found_inf = judged.found
    optimizer.step()


def test_after_a_step_that_is_not_finite_no_weight_moves_until_it_is_read(tmp_path: Path) -> None:
    weight, guard = nn.Parameter(torch.ones(3)), NonFiniteGuard()
    optimizer = torch.optim.Adam([weight], lr=0.1, fused=True)
    assert skips_updates(optimizer)
    moving(1.0, weight, optimizer, guard)
    after = weight.detach().clone()
    assert not torch.equal(after, torch.ones(3))
    for value in (float("nan"), 1.0, 2.0):
        moving(value, weight, optimizer, guard)
        assert torch.equal(weight.detach(), after)
    with refusal_of("value nan", "gradient nan", tmp_path / FILE):
        guard.refuse(tmp_path, wait=True)


def test_only_fused_optimisers_look_for_themselves() -> None:
    assert not skips_updates(torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0))
