"""ExpandNet's published weights [marnerides2018expandnet]."""

from pathlib import Path

from twostage_hdr.inference.published.renamed_state import load_renamed
from twostage_hdr.networks.baselines.expandnet import ExpandNet

PUBLISHED_NAMES = {
    "local.0": "local_net.0.0",
    "local.2": "local_net.1.0",
    "dilated.0": "mid_net.0.0",
    "dilated.2": "mid_net.1.0",
    "dilated.4": "mid_net.2.0",
    "dilated.6": "mid_net.3",
    "whole.0": "glob_net.0.0",
    "whole.2": "glob_net.1.0",
    "whole.4": "glob_net.2.0",
    "whole.6": "glob_net.3.0",
    "whole.8": "glob_net.4.0",
    "whole.10": "glob_net.5.0",
    "whole.12": "glob_net.6",
    "join.0": "end_net.0.0",
    "join.2": "end_net.1",
}
"""Published name of each of our layers."""


def load_expandnet(path: Path) -> ExpandNet:
    """The network with the weights of a published `weights.pth` (tensors of any device), on the CPU, in eval mode.

    Inference is ours: the whole image at once, scale from the input's well-exposed pixels (see `ExpandNet`). The
    published program's zero-padded tiles and its stretching of every result to its own extremes are not repeated.

    Raises:
        InputError: The file cannot be read, or its tensors are not ExpandNet's.
    """
    return load_renamed(path, ExpandNet(), PUBLISHED_NAMES)
