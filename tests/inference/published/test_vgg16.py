from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from twostage_hdr.errors import InputError
from twostage_hdr.inference.published.vgg16 import initialise_encoder
from twostage_hdr.networks.baselines.hdrcnn import HDRCNN

STAGES = ((2, 4), (2, 8), (3, 16), (3, 32), (3, 32))  # convolutions, channels: VGG16, a sixteenth as wide


def vgg_state() -> dict[str, torch.Tensor]:
    state, index, channels = {}, 0, 3
    for depth, width in STAGES:
        for _ in range(depth):
            state[f"features.{index}.weight"] = torch.randn(width, channels, 3, 3) * 0.2
            state[f"features.{index}.bias"] = torch.randn(width)
            index, channels = index + 2, width
        index += 1
    return state


def test_the_encoder_computes_what_torchvisions_network_does_away_from_the_border(tmp_path: Path) -> None:
    state = vgg_state()
    torch.save(state, tmp_path / "vgg16.pth")
    network, rgb = HDRCNN(features=4), torch.rand(1, 3, 32, 32)
    initialise_encoder(network, tmp_path / "vgg16.pth")
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    theirs = (rgb - mean.view(1, 3, 1, 1)) / std.view(1, 3, 1, 1)
    for index in (0, 2):
        theirs = F.conv2d(theirs, state[f"features.{index}.weight"], state[f"features.{index}.bias"], padding=1).relu()
    with torch.no_grad():
        ours = network.encoder[0]((255 * rgb).flip(1) - network.mean)
    torch.testing.assert_close(ours[..., 2:-2, 2:-2], theirs[..., 2:-2, 2:-2], rtol=1e-4, atol=1e-3)


def test_a_network_of_another_width_is_refused(tmp_path: Path) -> None:
    torch.save(vgg_state(), tmp_path / "vgg16.pth")
    with pytest.raises(InputError, match="features=64"):
        initialise_encoder(HDRCNN(features=8), tmp_path / "vgg16.pth")
