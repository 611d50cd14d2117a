"""What a program has to know to run an exported network: pixels in, pixels out, and how far tiles overlap."""

from collections.abc import Mapping

from torch import nn

from twostage_hdr.errors import InputError
from twostage_hdr.inference.tiled import receptive_radius
from twostage_hdr.inference.whole_frame import Response, parse_response
from twostage_hdr.networks.two_stage_context import CELL, ContextGain, TwoStageContextNetwork
from twostage_hdr.networks.two_stage_whole_frame import TwoStageWholeFrameNetwork
from twostage_hdr.radiometry.gamma import HDM_GAMMA

VERSION = "1"
"""Of the keys below; a program that knows another one should not guess."""

INPUT_ENCODING = "input_encoding"
"""The one key that weights may state of themselves, as a note: what their training's camera was."""

WHOLE_FRAME = "frame"
"""In place of a halo: the network has to see the whole frame at once."""


def export_contract(network: nn.Module, *, response: Response, notes: Mapping[str, str]) -> dict[str, str]:
    """How an exported network is run, as texts for the metadata of its file; docs/programs.md explains each.

    Args:
        network: of this package, its `output` encoded or linear.
        response: how photographs are encoded, for the whole-frame network.
        notes: what the weights say of themselves (licence, data, recipe), see `save_weights`; they are passed on.
    """
    encodings = {"declared": "srgb", "estimated": "camera"}
    encoding = encodings.get(str(response), f"gamma {response}")
    if not isinstance(network, TwoStageWholeFrameNetwork):
        encoding = notes.get(INPUT_ENCODING, "camera")
    halo, step = _tiling(network)
    return {
        **notes,
        "contract": VERSION,
        "input_channels": "RGB",
        "input_range": "0 1",
        INPUT_ENCODING: encoding,
        "input_primaries": "Rec. 709",
        "output_encoding": f"gamma {HDM_GAMMA:g}" if network.output == "encoded" else "linear",
        "output_white": "1",
        "tile_halo": halo,
        "tile_step": str(step),
    }


def check_encoding(text: str) -> None:
    """Refuses what no program would understand as an encoding.

    Raises:
        InputError: neither srgb nor camera nor a gamma.
    """
    kind, _, gamma = text.partition(" ")
    if text in ("srgb", "camera") or (kind == "gamma" and isinstance(parse_response(gamma), float)):
        return
    raise InputError(f"{INPUT_ENCODING}={text}", "no such encoding", "give srgb, camera or 'gamma 2.24'")


def _tiling(network: nn.Module) -> tuple[str, int]:
    """Pixels of the frame that a tile needs around it, and the step on which its window begins and ends."""
    if isinstance(network, TwoStageContextNetwork):  # the two stages see less far than their context
        return str(CELL * (ContextGain.receptive_cells + 1)), CELL  # one cell more: gains are interpolated
    radius = receptive_radius(network)
    return (WHOLE_FRAME if radius is None else str(radius)), 1
