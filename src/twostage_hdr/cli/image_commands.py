"""The verbs that turn files into files: their arguments, as typer reads them."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import twostage_hdr
from twostage_hdr.cli.termination import clean_termination
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.formats import DEFAULT_FORMATS, FORMATS, formats_of_images

if TYPE_CHECKING:
    from twostage_hdr.imaging.result_format import ResultOptions

SHIPPED = sorted(file.stem for file in (Path(twostage_hdr.__file__).parent / "weights").glob("*.safetensors"))
"""Names of the package's own sets of weights; `inference.weights` would import PyTorch for a help text."""
NAMES_OF_WEIGHTS = f"Run directory, .ckpt, .safetensors or a shipped set: {', '.join(SHIPPED)}."

Weights = Annotated[str | None, typer.Option(help=NAMES_OF_WEIGHTS, show_default="two_stage_any")]
Device = Annotated[
    str, typer.Option(help="auto, cpu, cuda, cuda:N or mps; several, comma-separated, share a photograph.")
]
Precision = Annotated[str, typer.Option(help="auto (bf16 where the hardware multiplies it, else fp32), fp32 or bf16.")]
Tile = Annotated[int | None, typer.Option(help="Tile side in px.", show_default="chosen for the machine")]
Response = Annotated[
    str,
    typer.Option(
        help="How photographs are encoded: declared (by their profile, else sRGB), a gamma such as 2.24, or estimated "
        "(the typical curve of unknown cameras is undone); of brackets recovered from the frames unless it is a gamma."
    ),
]
Lights = Annotated[
    float | None,
    typer.Option(
        help="Brightness of what was clipped: 0.1 (careful) to 0.9 (brilliant).", show_default="the weights' choice"
    ),
]
Trust = Annotated[
    list[str] | None,
    typer.Option(help="A package of your own whose network the weights may name; may be repeated. Its code is run."),
]
Output = Annotated[Path, typer.Option("-o", "--output", help="Folder for the results.")]
WhiteNits = Annotated[
    float | None,
    typer.Option(help="Luminance of linear 1.0 in cd/m², 1 to 10000; stored in exr, scales what holds PQ."),
]
FullFloat = Annotated[bool, typer.Option("--float", help="OpenEXR with 32-bit instead of 16-bit floats.")]
Compression = Annotated[str, typer.Option(help="Of OpenEXR: none, rle, zips, zip, piz, pxr24, b44, dwaa or dwab.")]
Quality = Annotated[int, typer.Option(help="Of lossy formats, 1 to 100.")]
GainMap = Annotated[str, typer.Option(help="Size of ultrahdr's gain map: full, half or quarter.")]
OneChannel = Annotated[
    bool, typer.Option("--one-channel", help="ultrahdr with a gain map of the luminance alone: smaller.")
]
StripMetadata = Annotated[
    bool, typer.Option("--strip-metadata", help="Leave out EXIF, XMP, place and date; else they are kept.")
]
Overwrite = Annotated[bool, typer.Option(help="Replace results that exist; else they are left alone.")]
MaxMegapixels = Annotated[
    float | None,
    typer.Option(help="Refuse larger images, by their headers.", show_default="what fits in memory, at most 500"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")]


def _options(
    white_nits: float | None,
    full_float: bool,
    compression: str,
    quality: int,
    gain_map: str,
    one_channel: bool,
    strip_metadata: bool,
) -> "ResultOptions":
    from twostage_hdr.imaging.result_format import ExrCompression, GainMapSize, ResultOptions, one_of
    from twostage_hdr.radiometry.photometry import PQ_PEAK

    if white_nits is not None and not 1 <= white_nits <= PQ_PEAK:
        raise InputError(f"--white-nits {white_nits:g}", f"expected a luminance of 1 to {PQ_PEAK:g} cd/m²")
    if not 1 <= quality <= 100:
        raise InputError(f"--quality {quality}", "expected 1 to 100")
    return ResultOptions(
        half=not full_float,
        compression=one_of("--compression", compression, ExrCompression),
        white_nits=white_nits,
        quality=quality,
        gain_map=one_of("--gain-map", gain_map, GainMapSize),
        one_channel=one_channel,
        strip_metadata=strip_metadata,
    )


def _listed(names: str | None) -> list[str]:
    return [] if names is None else list(dict.fromkeys(name.strip() for name in names.split(",")))


def _stops(listed: str | None) -> list[float] | None:
    try:
        stops = None if listed is None else [float(stop) for stop in listed.split(",")]
    except ValueError:
        stops = [math.nan]
    if stops is not None and not all(math.isfinite(stop) for stop in stops):
        raise InputError(f"--ev {listed}", "expected stops like -2,0,2")
    return stops


@clean_termination()
def reconstruct(
    photographs: Annotated[list[str], typer.Argument(help="Photographs, folders of them, quoted globs, or videos.")],
    output: Output = Path(),
    weights: Weights = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            help=f"Formats, comma-separated: {', '.join(FORMATS)}; of videos hevc or exr.",
            show_default=f"{','.join(DEFAULT_FORMATS)}; of videos hevc",
        ),
    ] = None,
    response: Response = "declared",
    lights: Lights = None,
    device: Device = "auto",
    precision: Precision = "auto",
    tile: Tile = None,
    trust: Trust = None,
    white_nits: WhiteNits = None,
    full_float: FullFloat = False,
    compression: Compression = "zip",
    quality: Quality = 95,
    gain_map: GainMap = "full",
    one_channel: OneChannel = False,
    strip_metadata: StripMetadata = False,
    ignore_gain_map: Annotated[
        bool, typer.Option("--ignore-gain-map", help="Take photographs that are HDR already as ordinary ones.")
    ] = False,
    max_megapixels: MaxMegapixels = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    bracket: Annotated[
        bool,
        typer.Option(
            "--bracket",
            help="The photographs are exposures of one scene, 2 to 9 in any order; "
            "`--bracket auto` finds the brackets among files or in folders by their EXIF data.",
        ),
    ] = False,
    group: Annotated[int | None, typer.Option(help="Of brackets: every so many photographs are one.")] = None,
    ev: Annotated[
        str | None,
        typer.Option(
            help="Of a bracket: exposures in stops, comma-separated in the order of the frames.", show_default="EXIF"
        ),
    ] = None,
    align: Annotated[
        str, typer.Option(help="Of a bracket: none (tripod), mtb (shifts only) or homography (in the hand).")
    ] = "homography",
    reference: Annotated[
        str | None,
        typer.Option(
            help="Of a bracket: frame that the others follow, by name or number.", show_default="best exposed"
        ),
    ] = None,
) -> None:
    """Turn photographs into HDR files: linear OpenEXR and the challenge's 16-bit PNG pair.

    1.0 in the OpenEXR is the photograph's white; highlights lie above it. Photographs that are done are skipped.
    Of a photograph that is HDR already (gain map, PQ, HLG) its own light is used, and the network where that clips too.
    With --bracket several exposures become one file, and the network fills only what none of them recorded.
    A video (pip install 'twostage-hdr\\[video]') becomes an HDR10 video or a folder of OpenEXR frames.
    """
    from twostage_hdr.boundary.pixel_limit import allow_megapixels
    from twostage_hdr.cli.destination import Destination
    from twostage_hdr.cli.reconstruct import reconstruct_all
    from twostage_hdr.inference.bracket.reconstruct_bracket import BracketOptions
    from twostage_hdr.inference.reconstruct import ReconstructOptions
    from twostage_hdr.inference.whole_frame import parse_response

    allow_megapixels(max_megapixels)
    if not bracket and (group, ev, align, reference) != (None, None, "homography", None):
        raise InputError("--group, --ev, --align, --reference", "are of brackets", "give --bracket too")
    gamma = parse_response(response)
    frames = BracketOptions(
        stops=_stops(ev), align=align, reference=reference, gamma=gamma if isinstance(gamma, float) else None
    )
    code = reconstruct_all(
        photographs,
        bracket=frames if bracket else None,
        group=group,
        destination=Destination(directory=output, formats=_listed(to), overwrite=overwrite),
        weights=weights,
        running=ReconstructOptions(
            device=device,
            precision=precision,
            tile=tile,
            response=response,
            lights=lights,
            trust=trust or (),
            ignore_gain_map=ignore_gain_map,
        ),
        options=_options(white_nits, full_float, compression, quality, gain_map, one_channel, strip_metadata),
        as_json=as_json,
    )
    raise typer.Exit(code)


@clean_termination()
def convert(
    files: Annotated[list[str], typer.Argument(metavar="IN...", help="HDR files, folders of them, or quoted globs.")],
    to: Annotated[str, typer.Option("--to", help=f"Formats, comma-separated: {', '.join(formats_of_images())}.")],
    output: Output = Path(),
    stops: Annotated[float, typer.Option(help="Exposure to add, in factors of 2, -30 to 30.")] = 0.0,
    white_nits: WhiteNits = None,
    full_float: FullFloat = False,
    compression: Compression = "zip",
    quality: Quality = 95,
    gain_map: GainMap = "full",
    one_channel: OneChannel = False,
    strip_metadata: StripMetadata = False,
    max_megapixels: MaxMegapixels = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Convert HDR files of any format: OpenEXR, .hdr, PNG, TIFF, Ultra HDR, AVIF, JPEG XL.

    A 16-bit PNG that is not PQ needs its alignratio beside it. A file's own absolute scale is kept unless
    --white-nits gives one.
    """
    from twostage_hdr.boundary.pixel_limit import allow_megapixels
    from twostage_hdr.cli.convert import convert_all
    from twostage_hdr.cli.destination import Destination

    allow_megapixels(max_megapixels)
    code = convert_all(
        files,
        destination=Destination(directory=output, formats=_listed(to), overwrite=overwrite),
        options=_options(white_nits, full_float, compression, quality, gain_map, one_channel, strip_metadata),
        stops=stops,
        as_json=as_json,
    )
    raise typer.Exit(code)


def info(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="HDR files or photographs, folders, or quoted globs.")
    ],
    max_megapixels: MaxMegapixels = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what is in HDR files and photographs: size, how values are stored, primaries, scale, range, HDR and date."""
    from twostage_hdr.boundary.pixel_limit import allow_megapixels
    from twostage_hdr.cli.info import print_facts

    allow_megapixels(max_megapixels)
    raise typer.Exit(print_facts(files, as_json=as_json))


@clean_termination()
def serve_app(
    weights: Weights = None,
    device: Device = "auto",
    precision: Precision = "auto",
    tile: Tile = None,
    response: Response = "declared",
    lights: Lights = None,
    trust: Trust = None,
    max_megapixels: MaxMegapixels = None,
    port: Annotated[
        int | None, typer.Option(help="Port, 1 to 65535.", show_default="the first free one from 7860")
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Open a local page: drop a photograph, compare exposures, download any format."""
    from twostage_hdr.boundary.pixel_limit import allow_megapixels
    from twostage_hdr.cli.app import serve
    from twostage_hdr.inference.reconstruct import ReconstructOptions

    allow_megapixels(max_megapixels)
    options = ReconstructOptions(
        device=device, precision=precision, tile=tile, response=response, lights=lights, trust=trust or ()
    )
    serve(weights, options, port=port, open_browser=browser)
