"""Networks as files for other programs: ONNX and PyTorch's exported programs, for images of any size."""

import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import nn
from torch.export import Dim

from twostage_hdr.boundary.refusal import as_input_error
from twostage_hdr.boundary.trust import PACKAGE
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import atomic_path
from twostage_hdr.inference.network_description import describe_network
from twostage_hdr.inference.whole_frame import Response, parse_response
from twostage_hdr.networks.row_plan import row_plan
from twostage_hdr.networks.two_stage_context import CELL
from twostage_hdr.networks.two_stage_whole_frame import KnownResponse
from twostage_hdr.radiometry.gamma import HDM_GAMMA

INPUT, OUTPUT = "ldr", "hdr"
"""Names of the network's image in, (batch, 3, height, width) in [0, 1], and of its image out."""

DESCRIPTION = "description.json"
"""Entry of a .pt2 file, `describe_network` and `export_contract` as JSON; in .onnx the same are metadata properties."""

VERSION = "1"
"""Of the keys of `export_contract`; a program that knows another one should not guess."""

INPUT_ENCODING = "input_encoding"
"""The one key that weights may state of themselves, as a note: what their training's camera was."""

WHOLE_FRAME = "frame"
"""In place of a halo: the network has to see the whole frame at once."""

_EXAMPLE = (2, 3, 24, 40)  # no two equal and none 1, so that no relation between them is taken for a rule


def export_network(
    network: nn.Module,
    path: Path,
    *,
    response: Response = "declared",
    lights: float | None = None,
    notes: Mapping[str, str] | None = None,
) -> None:
    """Writes a program with batch, height and width free, and the description from which any program can run it.

    `torch.export.load(path).module()` runs a `.pt2` without this package. The variant with context then takes sides
    from 9 px: PyTorch specialises maps of one row or column.

    Args:
        network: of this package.
        path: the file: `.pt2` for PyTorch's format, any other name for ONNX.
        response: how the program's photographs are encoded; a choice of the whole-frame network.
        lights: brightness of what was clipped, likewise.
        notes: of the weights (licence, data), for the description.

    Raises:
        InputError: the packages for ONNX are missing, or a network that cannot be written with free sizes.
    """
    _check(network, path)
    description = _description(network, response, lights, notes)
    plain, example = _Plain(network.eval(), response, lights), (torch.rand(_EXAMPLE),)
    sizes = ({0: Dim.DYNAMIC, 2: Dim.DYNAMIC, 3: Dim.DYNAMIC},)
    if path.suffix.lower() == ".pt2":
        with _quietly(network, path):  # strict=False is the default of PyTorch 2.7 and later
            program = torch.export.export(plain, example, dynamic_shapes=sizes, strict=False)
        with atomic_path(path) as temporary:
            torch.export.save(program, temporary, extra_files={DESCRIPTION: json.dumps(description)})
        return
    if find_spec("onnx") is None or find_spec("onnxscript") is None:
        raise InputError(path, "ONNX needs the packages onnx and onnxscript", "pip install 'twostage-hdr[onnx]'")
    with _quietly(network, path):
        onnx = torch.onnx.export(
            plain,
            example,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes=sizes,
            dynamo=True,
            verbose=False,
        )
    assert onnx is not None
    for key, value in description.items():
        onnx.model.metadata_props[key] = value if isinstance(value, str) else json.dumps(value)
    with atomic_path(path) as temporary:
        onnx.save(str(temporary), external_data=False)


def export_contract(network: nn.Module, *, response: Response, notes: Mapping[str, str]) -> dict[str, str]:
    """How an exported network is run, as texts for the metadata of its file; docs/programs.md explains each.

    Args:
        network: of this package, its `output` encoded or linear.
        response: how photographs are encoded, for the whole-frame network.
        notes: what the weights say of themselves (licence, data, recipe), see `save_weights`; they are passed on.
    """
    encodings = {"declared": "srgb", "estimated": "camera"}
    encoding = encodings.get(str(response), f"gamma {response}")
    if row_plan(network).whole_frame is None:
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
    with suppress(InputError):
        if text in ("srgb", "camera") or (kind == "gamma" and isinstance(parse_response(gamma), float)):
            return
    raise InputError(f"{INPUT_ENCODING}={text}", "no such encoding", "give srgb, camera or 'gamma 2.24'")


def _tiling(network: nn.Module) -> tuple[str, int]:
    """Pixels of the frame that a tile needs around it, and the step on which its window begins and ends."""
    plan = row_plan(network)
    if plan.radius is None or plan.whole_frame is not None:
        return WHOLE_FRAME, 1
    if plan.context is not None:  # the two stages see less far than their context
        return str(CELL * (plan.context.receptive_cells + 1)), CELL  # one cell more: gains are interpolated
    return str(plan.radius), 1


class _Plain(nn.Module):
    """The network under a name that does not depend on its class, with one input."""

    def __init__(self, network: nn.Module, response: Response, lights: float | None) -> None:
        super().__init__()
        self.network = network
        known: KnownResponse = "srgb" if response == "declared" else response
        self.choices = () if row_plan(network).whole_frame is None else (known, lights)

    def forward(self, ldr: torch.Tensor) -> torch.Tensor:
        return self.network(ldr, *self.choices)


def _description(
    network: nn.Module, response: Response, lights: float | None, notes: Mapping[str, str] | None
) -> dict[str, object]:
    description: dict[str, object] = dict(export_contract(network, response=response, notes=notes or {}))
    description |= describe_network(network)
    if looks := row_plan(network).whole_frame:
        description |= {"response": response, "lights": looks.lights if lights is None else lights}
    return description


def _check(network: nn.Module, path: Path) -> None:
    """The compared methods pad, or look at the whole image; of a user's own network the exporters decide."""
    if type(network).__module__.startswith(f"{PACKAGE}.") and not row_plan(network).stages:
        cure = "Stage, TwoStageNetwork and its two variants can"
        raise InputError(path, f"{type(network).__name__} cannot be exported for images of any size", cure)


@contextmanager
def _quietly(network: nn.Module, path: Path) -> Iterator[None]:
    """Silences the exporters' remarks on packages that are not installed; a network that they refuse is one line."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        cannot = f"{type(network).__name__} cannot be exported for images of any size"
        cure = "write its forward without Python branches on sizes"
        with warnings.catch_warnings(), torch.no_grad(), as_input_error(path, cure, cannot):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
