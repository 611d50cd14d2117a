"""Units that know white: a start for stage II that training finds too slowly by itself.

What is lost begins at white: below 0.95 the frame is right, at 1.0 the scene is half as bright again or more. A
network of convolutions starts near the identity and takes thousands of updates to bend so sharply. Three units of the
first convolution of stage II's dense block, the ones that mattered least, are therefore set to relu(slope (x_c -
threshold)) for red, green and blue, and lead to `boost` in that channel of the output at white. The network itself
stays the paper's; everything is trained from there on.
"""

import torch

from twostage_hdr.networks.rdab import OUTER_FACTOR
from twostage_hdr.networks.two_stage import TwoStageNetwork

THRESHOLD = 0.95
"""Encoded value where a unit begins to speak."""
SLOPE = 20.0
"""Of a unit, 1 / encoded value: it is 1 at white."""


@torch.no_grad()
def add_highlight_units(network: TwoStageNetwork, boost: float) -> list[int]:
    """Sets the units in place.

    Args:
        network: trained weights.
        boost: what a white channel gains at the output, encoded; 0.4 is 1.1 stops.

    Returns:
        The units' numbers, for red, green and blue.
    """
    stage = network.tone_mapping
    dense = stage.blocks[0].dense
    features, growth = stage.conv_in.out_channels, dense.conv1.out_channels
    later = (dense.conv2, dense.conv3, dense.conv4, dense.conv5)
    influence = sum(conv.weight[:, features : features + growth].square().sum((0, 2, 3)) for conv in later)
    units: list[int] = torch.as_tensor(influence).argsort()[:3].tolist()
    # conv_in and conv_out are linear: a tap of the input is a combination of channels, and so is a way to an output.
    entry, bias = stage.conv_in.weight.flatten(1).double(), stage.conv_in.bias.double()
    ways_out = torch.linalg.pinv(stage.conv_out.weight[:, :, 0, 0].double())
    for channel, unit in enumerate(units):
        tap = torch.zeros(entry.shape[1], dtype=torch.float64)
        tap.view(3, 3, 3)[channel, 1, 1] = 1.0
        reads = torch.linalg.lstsq(entry.T, tap).solution
        dense.conv1.weight[unit] = 0
        dense.conv1.weight[unit, :, 1, 1] = (SLOPE * reads).float()
        dense.conv1.bias[unit] = float(-SLOPE * (THRESHOLD + reads @ bias))
        for conv in later:
            conv.weight[:, features + unit] = 0
        at_white = SLOPE * (1 - THRESHOLD)
        factor = OUTER_FACTOR * dense.residual_factor * at_white
        dense.conv5.weight[:, features + unit, 1, 1] = (boost / factor * ways_out[:, channel]).float()
    return units
