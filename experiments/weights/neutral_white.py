"""White light that stays white: what the two stages and their context say of a plain white square, without its cast.

python -m experiments.weights.neutral_white --weights W --out two_stage_any.safetensors

The shipped two stages, trained on skies and windows, answer white with 1.62, 1.69, 1.74 in R, G and B, and their
context adds to it. The mean cast is taken out of the context's last bias, which acts on clipped channels alone.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor

from twostage_hdr.inference.weights import load_weights, save_weights
from twostage_hdr.networks.two_stage_whole_frame import TwoStageWholeFrameNetwork
from twostage_hdr.radiometry.quantities import EncodedRGB

NOTES = {
    "recipe": "experiment=whole_frame on two_stage_gamma_context; response: the mean of unknown cameras; "
    "branch and context together (long_rounds); white neutral",
    "data": "67 of 118 HDR photographs: Poly Haven (CC0), openexr-images (BSD-3-Clause), see docs/weights.md",
    "licence": "MIT",
}
"""In the file's header."""
GREYS = (0.2, 0.45, 0.7)
"""Encoded values around the square."""
SIDE, SQUARE = 480, 240
"""Of frame and square, px: the middle sees no further than the square."""


def white_square(grey: float) -> EncodedRGB:
    """A white square in the middle of a grey frame."""
    frame = torch.full((1, 3, SIDE, SIDE), grey)
    begin = (SIDE - SQUARE) // 2
    frame[..., begin : begin + SQUARE, begin : begin + SQUARE] = 1
    return frame


@torch.no_grad()
def cast(network: TwoStageWholeFrameNetwork) -> Tensor:
    """ln of R, G and B over their mean at the middle of the squares, encoded; the mean over the greys."""
    casts = []
    for grey in GREYS:
        frame = white_square(grey)
        middle = slice(SIDE // 2 - 40, SIDE // 2 + 40)  # the two stages see 17 px, so a part is enough
        seen = network.two_stage(frame[..., middle, middle])[0, :, 40, 40].log()
        seen = seen + network.context(frame)[0, :, SIDE // 2, SIDE // 2].log()
        casts.append(seen - seen.mean())
    return torch.stack(casts).mean(0)


def neutralise(network: TwoStageWholeFrameNetwork) -> None:
    """Takes the cast out, in place."""
    found = cast(network)
    assert network.context.conv_out.bias is not None
    with torch.no_grad():
        network.context.conv_out.bias -= found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", required=True, help="a whole-frame set")
    parser.add_argument("--out", type=Path, required=True, help="the .safetensors to write")
    arguments = parser.parse_args()
    network = load_weights(arguments.weights)
    assert isinstance(network, TwoStageWholeFrameNetwork)
    before = cast(network)
    neutralise(network)
    for when, found in (("before", before), ("after", cast(network))):
        print(f"white square {when}: R, G, B over their mean", *(f"{value:.3f}" for value in found.exp().tolist()))
    save_weights(arguments.out, network, NOTES)


if __name__ == "__main__":
    main()
