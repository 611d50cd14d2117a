"""Entry points of torch.hub: `torch.hub.load("OWNER/REPOSITORY", "two_stage")`, or a checkout with source="local"."""

import sys
from pathlib import Path

from torch import nn

dependencies = ["torch", "numpy", "safetensors", "jaxtyping"]


def two_stage(pretrained: bool = True) -> nn.Module:
    """The two-stage network: (B, 3, H, W) encoded in [0, 1] to the encoded HDR image (gamma 2.24, 1.0 = white).

    Args:
        pretrained: with the package's own weights, in evaluation mode; else with fresh ones.
    """
    return _network("two_stage", pretrained)


def two_stage_context(pretrained: bool = True) -> nn.Module:
    """The two-stage network with a coarse map of gains over clipped lights that sees 176 px; images as `two_stage`'s.

    Args:
        pretrained: with the package's own weights, in evaluation mode; else with fresh ones.
    """
    return _network("two_stage_context", pretrained)


def two_stage_any(pretrained: bool = True) -> nn.Module:
    """The package's default: the two-stage network beside a look at the whole frame; images as `two_stage`'s.

    The frame is taken for sRGB; `forward(ldr, response, lights)` takes others, see `TwoStageWholeFrameNetwork`.

    Args:
        pretrained: with the package's own weights, in evaluation mode; else with fresh ones.
    """
    return _network("two_stage_any", pretrained)


def load_model(weights: str | None = None) -> nn.Module:
    """A trained network in evaluation mode.

    Args:
        weights: run directory, .ckpt, .safetensors or the name of a shipped set; None for the package's default.
    """
    _find_package()
    from twostage_hdr.inference.weights import load_weights

    return load_weights(weights)


def _network(name: str, pretrained: bool) -> nn.Module:
    if pretrained:
        return load_model(name)
    _find_package()
    from twostage_hdr.networks.two_stage import TwoStageNetwork
    from twostage_hdr.networks.two_stage_context import TwoStageContextNetwork
    from twostage_hdr.networks.two_stage_whole_frame import TwoStageWholeFrameNetwork

    return {
        "two_stage": TwoStageNetwork,
        "two_stage_context": TwoStageContextNetwork,
        "two_stage_any": TwoStageWholeFrameNetwork,
    }[name]()


def _find_package() -> None:
    """torch.hub knows the repository's root, not its src folder; the package beside this file comes first."""
    source = str(Path(__file__).parent / "src")
    if source not in sys.path:
        sys.path.insert(0, source)
