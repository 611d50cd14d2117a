from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.refusal import refusal_of
from twostage_hdr.losses.baselines.vgg19 import (
    VGG19Distance,
    optional_vgg19_distance,
    read_vgg_convolutions,
)

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
    with pytest.warns(UserWarning, match="NAME.*vgg19_weights"):
        assert optional_vgg19_distance(None, loss="NAME") is None


CAFFE_RGB_MEAN = torch.tensor([123.68, 116.779, 103.939]).view(1, 3, 1, 1)


def normalised(rgb: torch.Tensor) -> torch.Tensor:
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return (rgb - mean.view(1, 3, 1, 1)) / std.view(1, 3, 1, 1)


def test_a_torchvision_file_is_read_in_the_order_of_its_layers(tmp_path: Path) -> None:
    layers = {index: (torch.rand(2, 3, 3, 3), torch.rand(2)) for index in (10, 2, 0)}
    state = {f"features.{i}.weight": w for i, (w, _) in layers.items()}
    state |= {f"features.{i}.bias": b for i, (_, b) in layers.items()}
    torch.save(state, tmp_path / "vgg.pth")
    found = read_vgg_convolutions(tmp_path / "vgg.pth", count=3)
    for (weight, bias), index in zip(found, (0, 2, 10), strict=True):
        torch.testing.assert_close((weight, bias), layers[index])


def test_a_keras_file_gives_the_same_features_of_the_same_image(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    kernel, bias = torch.rand(3, 3, 3, 2), torch.rand(2)
    with h5py.File(tmp_path / "vgg.h5", "w") as file:
        file["block1_conv1/block1_conv1_W_1:0"] = kernel.numpy()
        file["block1_conv1/block1_conv1_b_1:0"] = bias.numpy()
        file["block1_conv2/block1_conv2/kernel:0"] = torch.rand(3, 3, 2, 2).numpy()
        file["block1_conv2/block1_conv2/bias:0"] = torch.rand(2).numpy()
    rgb = torch.rand(1, 3, 7, 7)
    theirs = F.conv2d((255 * rgb - CAFFE_RGB_MEAN).flip(1), kernel.permute(3, 2, 0, 1), bias)
    (ours_weight, ours_bias), second = read_vgg_convolutions(tmp_path / "vgg.h5", count=2)
    torch.testing.assert_close(F.conv2d(normalised(rgb), ours_weight, ours_bias), theirs, rtol=1e-4, atol=1e-3)
    assert second[0].shape == (2, 2, 3, 3)


def test_a_keras_file_whose_values_are_in_other_files_is_refused(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    (tmp_path / "secret").write_bytes(bytes(4 * 3 * 3 * 3 * 2))
    with h5py.File(tmp_path / "vgg.h5", "w") as file:
        elsewhere = [(str(tmp_path / "secret"), 0, h5py.h5f.UNLIMITED)]
        file.create_dataset("block1_conv1/kernel", (3, 3, 3, 2), "f4", external=elsewhere)
        file["block1_conv1/bias"] = [1.0, 1.0]
    with refusal_of(tmp_path / "vgg.h5", "block1_conv1/kernel", (3, 3, 3, 2)):
        read_vgg_convolutions(tmp_path / "vgg.h5", count=1)


def test_files_that_are_not_that_are_refused(tmp_path: Path) -> None:
    with refusal_of(tmp_path / "nothing.pth"):
        read_vgg_convolutions(tmp_path / "nothing.pth", count=1)
    (tmp_path / "text.pth").write_text("not a checkpoint")
    with refusal_of(tmp_path / "text.pth"):
        read_vgg_convolutions(tmp_path / "text.pth", count=1)
    torch.save({"features.0.weight": torch.rand(2, 3, 3, 3), "features.0.bias": torch.rand(2)}, tmp_path / "short.pth")
    with refusal_of(tmp_path / "short.pth", 1, 13):
        read_vgg_convolutions(tmp_path / "short.pth", count=13)
