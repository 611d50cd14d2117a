"""Tiny networks, one small batch, and a trainer that leaves no files behind."""

from collections.abc import Callable
from functools import partial
from typing import Any

import lightning as L
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from twostage_hdr.data.triple import Triple
from twostage_hdr.losses.adversarial import AdversarialLoss
from twostage_hdr.losses.perceptual_colour import PerceptualColourLoss
from twostage_hdr.losses.reconstruction import L1Loss
from twostage_hdr.losses.structure import SSIMLoss
from twostage_hdr.losses.weighted import WeightedLoss
from twostage_hdr.networks.discriminator import Discriminator
from twostage_hdr.networks.stage import Stage
from twostage_hdr.networks.two_stage import TwoStageNetwork
from twostage_hdr.training.enhancement import EnhancementModule
from twostage_hdr.training.enhancement_objective import EnhancementObjective
from twostage_hdr.training.one_network import OneNetworkModule
from twostage_hdr.training.tone_mapping import ToneMappingModule
from twostage_hdr.training.two_stage import TwoStageModule


class OneBatch(Dataset[Triple]):
    """The same few crops again and again: a clipped, quantised frame of smooth random light."""

    def __init__(self, steps: int, crops: int = 2, side: int = 16) -> None:
        self.steps, self.crops = steps, crops
        generator = torch.Generator().manual_seed(11)
        coarse = 2.5 * torch.rand(crops, 3, 4, 4, generator=generator)
        self.reference16 = nn.functional.interpolate(coarse, size=(side, side), mode="bilinear")

    def __len__(self) -> int:
        return self.steps * self.crops

    def __getitem__(self, index: int) -> Triple:
        reference = self.reference16[index % self.crops]
        ldr = (255 * reference.clamp(0, 1)).round() / 255
        # Another exposure and response than the reference's, so that stage I has something to learn too.
        return Triple((0.8 * ldr) ** 1.3, reference.clamp(0, 1), reference, f"folder/{index}", torch.tensor(1.0))

    @property
    def batch(self) -> Triple:
        return next(iter(self.loader()))

    def loader(self) -> DataLoader[Triple]:
        return DataLoader(self, batch_size=self.crops)


class LossCurve(L.Callback):
    """Every logged scalar of every step."""

    def __init__(self) -> None:
        self.steps: list[dict[str, float]] = []

    def on_train_batch_end(self, trainer: L.Trainer, *rest: Any) -> None:
        self.steps.append({name: float(value) for name, value in trainer.callback_metrics.items()})

    def __getitem__(self, name: str) -> list[float]:
        return [step[name] for step in self.steps]


def make_trainer(**settings: Any) -> L.Trainer:
    defaults: dict[str, Any] = {
        "accelerator": "cpu",
        "max_epochs": 1,
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    return L.Trainer(**(defaults | settings))


@pytest.fixture
def trainer() -> Callable[..., L.Trainer]:
    return make_trainer


@pytest.fixture
def one_batch() -> Callable[[int], OneBatch]:
    return OneBatch


@pytest.fixture
def fit() -> Callable[[L.LightningModule, int], LossCurve]:
    """Trains on one batch for so many steps."""

    def run(module: L.LightningModule, steps: int) -> LossCurve:
        curve = LossCurve()
        make_trainer(callbacks=[curve]).fit(module, OneBatch(steps).loader())
        assert len(curve.steps) == steps
        return curve

    return run


# Parts.


@pytest.fixture
def adam() -> partial[torch.optim.Adam]:
    return partial(torch.optim.Adam, lr=2e-3, betas=(0.9, 0.99))


@pytest.fixture
def sgd() -> partial[torch.optim.SGD]:
    return partial(torch.optim.SGD, lr=1.0)


def make_stage(blocks: int = 1) -> Stage:
    return Stage(features=8, growth=4, blocks=blocks)


def make_objective(weight: float = 1e-3, reconstruction: float = 1.0) -> EnhancementObjective:
    return EnhancementObjective(
        reconstruction=WeightedLoss(
            terms={"l1": L1Loss(), "structure": SSIMLoss()},
            weights={"l1": reconstruction, "structure": reconstruction},
        ),
        adversarial=AdversarialLoss(),
        adversarial_weight=weight,
    )


def make_tone_mapping_loss(weight: float = 1.0) -> WeightedLoss:
    return WeightedLoss(
        terms={"l1": L1Loss(), "colour": PerceptualColourLoss()}, weights={"l1": weight, "colour": weight / 255}
    )


@pytest.fixture
def stage() -> Callable[..., Stage]:
    return make_stage


@pytest.fixture
def objective() -> Callable[..., EnhancementObjective]:
    return make_objective


@pytest.fixture
def tone_mapping_loss() -> Callable[..., WeightedLoss]:
    return make_tone_mapping_loss


@pytest.fixture
def enhancement(adam: Any) -> Callable[..., EnhancementModule]:
    def build(**settings: Any) -> EnhancementModule:
        defaults: dict[str, Any] = {
            "network": make_stage(),
            "discriminator": Discriminator(features=2),
            "objective": make_objective(),
            "optimizer": adam,
            "discriminator_optimizer": adam,
        }
        return EnhancementModule(**(defaults | settings))

    return build


@pytest.fixture
def tone_mapping(adam: Any) -> Callable[..., ToneMappingModule]:
    def build(**settings: Any) -> ToneMappingModule:
        defaults: dict[str, Any] = {"network": make_stage(), "loss": make_tone_mapping_loss(), "optimizer": adam}
        return ToneMappingModule(**(defaults | settings))

    return build


@pytest.fixture
def two_stage(adam: Any) -> Callable[..., TwoStageModule]:
    def build(**settings: Any) -> TwoStageModule:
        defaults: dict[str, Any] = {
            "network": TwoStageNetwork(features=8, growth=4, enhancement_blocks=1),
            "discriminator": Discriminator(features=2),
            "objective": make_objective(),
            "tone_mapping_loss": make_tone_mapping_loss(),
            "optimizer": adam,
            "discriminator_optimizer": adam,
        }
        return TwoStageModule(**(defaults | settings))

    return build


@pytest.fixture
def supervised(adam: Any) -> Callable[..., OneNetworkModule]:
    def build(**settings: Any) -> OneNetworkModule:
        defaults: dict[str, Any] = {"network": make_stage(), "loss": make_tone_mapping_loss(), "optimizer": adam}
        return OneNetworkModule(**(defaults | settings))

    return build


@pytest.fixture
def snapshot() -> Callable[[nn.Module], torch.Tensor]:
    """All parameters of a network in one vector, copied."""
    return lambda network: torch.cat([p.detach().flatten().clone() for p in network.parameters()])
