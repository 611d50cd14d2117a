"""Photographs of any camera, without a reference: what every method makes of them, at several exposures.

python -m experiments.generalization.gallery OUT PHOTOGRAPHS... [--network TITLE=WEIGHTS ...] [--operators NAMES ...]
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F

from experiments.figure5_gallery.crop import Crop, choose_crop
from experiments.figure5_gallery.gallery_figure import gallery_figure, write_picture
from experiments.figure5_gallery.pane_row import exposure_row
from twostage_hdr.cli.input_files import find_files
from twostage_hdr.errors import InputError
from twostage_hdr.evaluation.gain_alignment import measure_gain
from twostage_hdr.evaluation.methods import LdrIdentity, Method, NetworkMethod, OperatorMethod
from twostage_hdr.evaluation.report.page import write_report
from twostage_hdr.evaluation.report.report_image import ReportImage
from twostage_hdr.evaluation.saved_results import file_name
from twostage_hdr.expansion.all_operators import ALL_OPERATORS
from twostage_hdr.imaging.ldr import PHOTOGRAPHS, read_ldr
from twostage_hdr.inference.weights import default_weights, load_weights
from twostage_hdr.radiometry.gamma import decode_gamma
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB

SHOWN_OPERATORS = ("landis2002", "rempel2007", "kovaleski2014", "masia2017")
WHOLE_WIDTH = 300
"""Of a whole photograph in a picture, px."""


def main(arguments: Sequence[str] | None = None) -> None:
    options = parse(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    chosen = methods(options.network, options.operators)
    pages = []
    files, nothing = find_files(options.photographs, PHOTOGRAPHS, "photographs")
    if nothing:
        raise InputError("; ".join(nothing.values()))
    for path in files:
        ldr = frame(path)
        images = {method.title: at_frames_exposure(method, ldr, path.stem) for method in chosen}
        picture = options.out / f"{path.stem}.jpg"
        write_picture(picture, draw(ldr, images, options, path.name))
        pages.append(ReportImage(name=path.name, panes=images).shrunk(options.page_side))
        print(picture)
    facts = {"photographs": ", ".join(page.name for page in pages), "scale": "each result at its photograph's exposure"}
    write_report(options.out / "gallery.html", title="Photographs without a reference", facts=facts, images=pages)
    print(options.out / "gallery.html")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder for the pictures and the page")
    parser.add_argument("photographs", nargs="+", help="files, folders or patterns")
    parser.add_argument("--network", nargs="+", default=[], metavar="TITLE=W", help="weights [default: the package's]")
    parser.add_argument("--operators", nargs="*", default=SHOWN_OPERATORS, help="names, or all")
    parser.add_argument("--stops", nargs="+", type=float, default=[0, -2, -4])
    parser.add_argument("--side", type=int, default=160, help="of the crop, px")
    parser.add_argument("--page-side", type=int, default=512, help="longest side on the page, px")
    return parser.parse_args(arguments)


def methods(networks: Sequence[str], operators: Sequence[str]) -> list[Method]:
    """The frame, then networks, then operators."""
    named = dict(text.split("=", 1) for text in networks) or {"Two-stage": default_weights()}
    names = list(ALL_OPERATORS) if list(operators) == ["all"] else operators
    for name in names:
        if name not in ALL_OPERATORS:
            raise InputError(f"--operators {name}", "unknown", f"choose from {', '.join(ALL_OPERATORS)}")
    trained: list[Method] = [
        NetworkMethod(network=load_weights(where), name=file_name(title), title=title) for title, where in named.items()
    ]
    expanded = [
        OperatorMethod(operator=ALL_OPERATORS[name], name=name, title=ALL_OPERATORS[name].title.replace(" et al.", ""))
        for name in names
    ]
    return [LdrIdentity(), *trained, *expanded]


def frame(path: Path) -> EncodedRGB:
    """The photograph's 8-bit values, k/255."""
    pixels = torch.from_numpy(read_ldr(path).pixels.copy())
    eight_bits = pixels if pixels.dtype == torch.uint8 else (pixels.float() / 257).round()
    return (eight_bits.float() / 255).permute(2, 0, 1).contiguous()


def at_frames_exposure(method: Method, ldr: EncodedRGB, scene: str) -> LinearRGB:
    """A result with the gain that makes its well-exposed pixels as bright as the frame's."""
    result = method.reconstruct(ldr, scene=scene).clamp(min=0)
    return result * measure_gain(ldr, decode_gamma(ldr), result).gain


def draw(ldr: EncodedRGB, images: dict[str, LinearRGB], options: argparse.Namespace, name: str):
    """The whole photograph at every exposure, then a crop of clipped lights at all but the first."""
    chosen = choose_crop(ldr, None, options.side)
    small = {title: whole(image) for title, image in images.items()}
    rows = [exposure_row(small, stops) for stops in options.stops]
    if chosen.interest > 0:
        rows += crop_rows(images, chosen.crop, options.stops)
    return gallery_figure(rows, list(images), title=name)


def crop_rows(images: dict[str, LinearRGB], crop: Crop, stops: Sequence[float]):
    crops = {title: crop.of(image) for title, image in images.items()}
    return [exposure_row(crops, stop, "crop, ") for stop in stops[1:]]


def whole(image: LinearRGB) -> LinearRGB:
    """The image at `WHOLE_WIDTH`, averaged in linear light."""
    height, width = image.shape[-2:]
    if width <= WHOLE_WIDTH:
        return image
    return F.interpolate(image[None], size=(round(height * WHOLE_WIDTH / width), WHOLE_WIDTH), mode="area")[0]


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"error: {error}")
