from pathlib import Path

import pytest
import torch
from torch import nn

from twostage_hdr.inference.published.expandnet import load_expandnet

BRANCHES = {  # (in, out, kernel, stride, padding, dilation, activated), one after the other
    "local_net": [(3, 64, 3, 1, 1, 1, True), (64, 128, 3, 1, 1, 1, True)],
    "mid_net": [(3, 64, 3, 1, 2, 2, True), *[(64, 64, 3, 1, 2, 2, True)] * 2, (64, 64, 3, 1, 2, 2, False)],
    "glob_net": [(3, 64, 3, 2, 1, 1, True), *[(64, 64, 3, 2, 1, 1, True)] * 5, (64, 64, 4, 1, 0, 1, False)],
    "end_net": [(256, 64, 1, 1, 0, 1, True), (64, 3, 1, 1, 0, 1, False)],
}


@pytest.fixture
def published() -> nn.ModuleDict:
    """The published modules' tree, and so their names: an activated layer is a Sequential, a bare one is not."""
    tree = nn.ModuleDict()
    for name, layers in BRANCHES.items():
        tree[name] = nn.Sequential()
        for *shape, activated in layers:
            convolution = nn.Conv2d(*shape)
            tree[name].append(nn.Sequential(convolution, nn.SELU()) if activated else convolution)
    return tree


def test_the_same_input_gives_the_same_network_output(published: nn.ModuleDict, tmp_path: Path) -> None:
    torch.save(published.state_dict(), tmp_path / "weights.pth")
    network, image = load_expandnet(tmp_path / "weights.pth"), torch.rand(1, 3, 40, 56)
    with torch.no_grad():
        view = nn.functional.interpolate(image, (256, 256), mode="bilinear", align_corners=False)
        context = published["glob_net"](view).expand(1, 64, 40, 56)
        joined = torch.cat([published["local_net"](image), published["mid_net"](image), context], dim=1)
        expected = torch.sigmoid(published["end_net"](joined))
        torch.testing.assert_close(network.normalised(image), expected, atol=1e-5, rtol=0)
