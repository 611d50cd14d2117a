from pathlib import Path

import pytest
import torch
from torch import nn

from twostage_hdr.losses.baselines.vgg19 import VGG19Distance, optional_vgg19_distance

STAGES = (2, 2, 4, 4, 4)
RELUS = (1, 6, 11, 20, 29)  # torchvision's indices of relu1_1, 2_1, 3_1, 4_1, 5_1


@pytest.fixture
def features() -> nn.Sequential:
    """VGG19's layers as torchvision numbers them, two channels wide."""
    layers: list[nn.Module] = []
    channels = 3
    for depth in STAGES:
        for _ in range(depth):
            layers += [nn.Conv2d(channels, 2, 3, padding=1), nn.ReLU()]
            channels = 2
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


@pytest.fixture
def path(features: nn.Sequential, tmp_path: Path) -> Path:
    state = {f"features.{name}": value for name, value in features.state_dict().items()}
    state |= {"classifier.0.weight": torch.rand(4, 4), "classifier.0.bias": torch.rand(4)}
    torch.save(state, tmp_path / "vgg19.pth")
    return tmp_path / "vgg19.pth"


def test_it_compares_five_layers_of_torchvisions_network(features: nn.Sequential, path: Path) -> None:
    p, t = torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 32)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    normalised = [(x - mean.view(1, 3, 1, 1)) / std.view(1, 3, 1, 1) for x in (p, t)]
    expected = sum(
        weight * nn.functional.l1_loss(*(features[: index + 1](x) for x in normalised))
        for weight, index in zip((1 / 32, 1 / 16, 1 / 8, 1 / 4, 1), RELUS, strict=True)
    )
    torch.testing.assert_close(VGG19Distance(weights=path)(p, t), expected)


def test_its_gradient_is_right(path: Path) -> None:
    prediction, target = torch.rand(1, 3, 16, 16).double().requires_grad_(), torch.rand(1, 3, 16, 16).double()
    assert torch.autograd.gradcheck(VGG19Distance(weights=path), (prediction, target), fast_mode=True)


def test_it_adds_neither_parameters_nor_weight_to_a_checkpoint(path: Path) -> None:
    distance = VGG19Distance(weights=path)
    assert list(distance.parameters()) == []
    assert distance.state_dict() == {}


def test_without_a_file_its_absence_is_said() -> None:
    with pytest.warns(UserWarning, match="NAME: trained without"):
        assert optional_vgg19_distance(None, loss="NAME") is None
