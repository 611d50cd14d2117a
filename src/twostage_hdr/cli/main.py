"""The console command `twostage-hdr` and its verbs."""

import sys
from pathlib import Path
from typing import Annotated

import typer

import twostage_hdr
from twostage_hdr.cli import image_commands
from twostage_hdr.cli.outcome import print_error, system_trouble
from twostage_hdr.errors import InputError

app = typer.Typer(
    name="twostage-hdr",
    help="Reconstruct a high dynamic range image from one ordinary exposure: train, evaluate, reconstruct.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

_HYDRA = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""Verbs whose arguments go to Hydra untouched, `--help` included."""


def _version(wanted: bool | None) -> None:
    if wanted:
        typer.echo(f"twostage-hdr {twostage_hdr.__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool | None, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = None,
) -> None:
    pass


HYDRA_VERBS = {
    "inspect": "Check data before a training of days: `inspect data=hdm data.root=PATH`. See `inspect --help`.",
    "prepare": "Make a patch store: `prepare data=hdm data.root=PATH out=DIR`. See `prepare --help`.",
    "train": "Train a module: `train experiment=demo`. Settings are key=value; see `train --help`.",
    "evaluate": "Score weights beside the LDR row: `evaluate weights=RUN`. See `evaluate --help`.",
}


def _run_with_hydra(context: typer.Context) -> None:
    from twostage_hdr.cli.hydra_command import run_verb

    run_verb(str(context.info_name), context.args)


for verb, purpose in HYDRA_VERBS.items():
    app.command(verb, help=purpose, context_settings=_HYDRA)(_run_with_hydra)
app.command()(image_commands.reconstruct)
app.command()(image_commands.convert)
app.command()(image_commands.info)
app.command("app")(image_commands.serve_app)


@app.command("import-weights")
def import_weights(
    kind: Annotated[
        str,
        typer.Argument(
            help="Whose file it is: official, expandnet, hdrcnn, fhdr, hdrunet, maskhdr, lhdr, gmnet or singlehdr."
        ),
    ],
    source: Annotated[Path, typer.Argument(help="The published file; of singlehdr, the folder.")],
    target: Annotated[
        Path | None, typer.Argument(help="The .safetensors to write.", show_default="beside the source")
    ] = None,
    iterations: Annotated[
        int | None, typer.Option(min=1, help="Feedback iterations (fhdr only, needed there).")
    ] = None,
) -> None:
    """Bring published weights in: read without running any code in the file, written as .safetensors."""
    from twostage_hdr.cli.export import import_published

    typer.echo(import_published(kind, source, target, iterations=iterations))


@app.command()
def jod(
    evaluation: Annotated[Path, typer.Argument(help="A folder of `evaluate ... save_results=true`.")],
    cvvdp: Annotated[str, typer.Option(help="The program, in an environment of its own.")] = "cvvdp",
    method: Annotated[list[str] | None, typer.Option(help="Row to score; may be repeated.", show_default="all")] = None,
) -> None:
    """Fill the ColorVideoVDP column of an evaluation from its saved results."""
    from twostage_hdr.cli.terminal import Terminal
    from twostage_hdr.evaluation.color_video_vdp import score_jod
    from twostage_hdr.evaluation.tables import write_table

    results = score_jod(evaluation, cvvdp, methods=method or [])
    Terminal().print(*write_table(evaluation, results).splitlines(), sep="\n")


@app.command()
def export(
    weights: Annotated[str, typer.Argument(help=image_commands.NAMES_OF_WEIGHTS)],
    target: Annotated[Path, typer.Argument(help="The file to write: .safetensors, .onnx or .pt2.")],
    note: Annotated[list[str] | None, typer.Option(help="KEY=VALUE for the file's header; may be repeated.")] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace the target if it exists.")] = False,
    response: image_commands.Response = "declared",
    lights: image_commands.Lights = None,
    trust: image_commands.Trust = None,
) -> None:
    """Write a run's best weights as one file that needs nothing else.

    .safetensors for this program; .onnx and .pt2 (torch.export) for others, with images of any size (.pt2 of a network
    with context: sides from 9 px).
    """
    from twostage_hdr.cli.export import export_weights

    written = export_weights(
        weights, target, notes=note or [], overwrite=overwrite, response=response, lights=lights, trust=trust or []
    )
    typer.echo(written)


def main() -> None:
    """Runs the verb; a user's mistake is one line on standard error and exit code 2."""
    try:
        app()
    except InputError as error:
        print_error("error", str(error))
        sys.exit(2)
    except SystemExit as leaving:
        stop = leaving.__context__ and leaving.__context__.__cause__  # typer makes an exit of it, without a word
        if isinstance(stop, KeyboardInterrupt):
            print_error("interrupted", str(stop))
        raise
    except (OSError, MemoryError, RuntimeError, ImportError) as error:
        trouble = system_trouble(error)
        if trouble is None:
            raise
        print_error("error", trouble)
        sys.exit(1)


if __name__ == "__main__":
    main()
