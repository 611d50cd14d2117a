"""`twostage-hdr app`: a local page for photographs."""

import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from twostage_hdr.cli.app_result import AppResult, reconstruct_for_app
from twostage_hdr.cli.local_only import UPLOAD_AT_MOST, LocalOnly
from twostage_hdr.cli.outcome import named
from twostage_hdr.data.procedural.night_street import render_night_street
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.formats import formats_of_images
from twostage_hdr.imaging.preview import to_srgb8, write_png8
from twostage_hdr.inference.reconstruct import ReconstructOptions, Reconstructor, load_reconstructor
from twostage_hdr.inference.result_files import ResultOptions
from twostage_hdr.inference.weights import default_weights, shipped_weights
from twostage_hdr.inference.whole_frame import parse_response
from twostage_hdr.networks.light_map import QUANTILES

APP_FORMATS = ("ultrahdr", "exr")
"""Formats that are ticked when the page opens."""
EXAMPLE_SIZE, EXAMPLE_SEED, EXAMPLE_CLIPPED = (640, 960), 2, 0.04
"""Of the example: rows and columns, the scene, and the share of its pixels that are clipped."""
_LAST_PORT = 65535
_LEAST_STOPS, _MOST_STOPS = -8.0, 4.0
_SYSTEM_FONTS = ("system-ui", "sans-serif")  # the usual theme would fetch its fonts from elsewhere


def serve(
    weights: str | None = None,
    options: ReconstructOptions = ReconstructOptions(),
    *,
    port: int | None,
    open_browser: bool,
) -> None:
    """Serves the page on this machine only, until Ctrl-C.

    Raises:
        InputError: gradio is missing, unusable weights or device, or a port that cannot be had.
    """
    if port is not None and not 1 <= port <= _LAST_PORT:
        raise InputError(f"--port {port}", f"expected 1 to {_LAST_PORT}")
    try:
        import gradio
    except ImportError:
        raise InputError("app", "the page needs gradio", "pip install 'twostage-hdr[app]'") from None
    reconstructor = load_reconstructor(weights, options)
    name = weights or default_weights()
    # Other sets may have no choice of response and lights, which the page then hides.
    own = replace(options, response="declared", lights=None)
    load = lru_cache(maxsize=2)(lambda other: reconstructor if other == name else load_reconstructor(other, own))
    with tempfile.TemporaryDirectory(prefix="twostage-hdr-") as folder:
        os.environ["GRADIO_TEMP_DIR"] = folder  # else what was dropped and made stays in the system's folder
        theme = gradio.themes.Default(font=_SYSTEM_FONTS, font_mono=("monospace",))
        try:
            page = build_page(load, name, Path(folder))
            page.launch(server_port=port, inbrowser=open_browser, theme=theme, **local_settings(Path(folder)))
        except OSError as error:
            if port is None:
                raise
            raise InputError(f"--port {port}", "another program may use it", "give another, or none") from error


def local_settings(folder: Path) -> dict[str, Any]:
    """How the page is launched: for this machine and this page alone, its files in the folder; see `LocalOnly`."""
    from starlette.middleware import Middleware

    return {
        "server_name": "127.0.0.1",
        "share": False,
        "ssr_mode": False,
        "footer_links": [],
        "max_file_size": UPLOAD_AT_MOST,
        "app_kwargs": {"middleware": [Middleware(LocalOnly, folder=folder)]},
    }


def example_photograph(path: Path) -> None:
    """Writes a generated street at night as a camera would expose it for its facades: lamps and windows are clipped."""
    linear = render_night_street(*EXAMPLE_SIZE, np.random.default_rng(EXAMPLE_SEED)).transpose(1, 2, 0)
    write_png8(path, to_srgb8(linear / np.quantile(linear.max(-1), 1 - EXAMPLE_CLIPPED)))


def build_page(load: Callable[[str], Reconstructor], weights: str, folder: Path) -> Any:
    """The page as gradio's Blocks.

    Args:
        load: what turns photographs into HDR images, by the name of its weights.
        weights: the name at the beginning.
        folder: where results are kept.
    """
    import gradio

    reconstructor = load(weights)
    network = reconstructor.engine.whole_frame

    def reconstruct(
        paths: list[str] | None,
        stops: float,
        response: str,
        lights: float,
        weights: str,
        progress: Any = gradio.Progress(),  # noqa: B008
    ) -> tuple[Any, ...]:
        if not paths:
            return None, None, "", None
        try:
            chosen = load(weights)
            if chosen.engine.whole_frame is not None:
                chosen = replace(chosen, response=parse_response(response), lights=lights)
            photographs = [Path(path) for path in paths]
            result = reconstruct_for_app(photographs, chosen, folder, partial(progress, desc="Reconstructing"))
        except Exception as error:  # one photograph does not end the page
            said = named(Path(paths[0]), error)
            for path in paths:
                said = said.replace(path, Path(path).name)
            raise gradio.Error(said, print_exception=False) from error
        return result, result.panes(stops), result.summary, None

    def example() -> list[str]:
        path = folder / "example.png"
        if not path.exists():
            example_photograph(path)
        return [str(path)]

    def offer(weights: str) -> list[Any]:
        return [gradio.update(visible=load(weights).engine.whole_frame is not None)] * 2

    def expose(result: AppResult | None, stops: float | None) -> Any:
        if result is None or stops is None:  # its field has just been emptied
            return result and gradio.skip()
        return result.panes(stops)

    def write(result: AppResult | None, formats: list[str], bare: bool) -> list[str]:
        if result is None or not formats:
            raise gradio.Error("Drop a photograph and choose formats first.", print_exception=False)
        return [str(path) for path in result.write(formats, ResultOptions(strip_metadata=bare))]

    with gradio.Blocks(title="Two-Stage HDR", analytics_enabled=False) as page:
        kept = gradio.State()
        gradio.Markdown(
            "# Two-Stage HDR\nDrop a photograph, or the frames of a bracket. Lower the exposure to see what lies above "
            "its white."
        )
        with gradio.Row():
            with gradio.Column(scale=1):
                photograph = gradio.File(
                    label="Photograph, or several exposures", file_count="multiple", elem_id="photograph"
                )
                try_one = gradio.Button("Try an example", size="sm", elem_id="example")
                stops = gradio.Slider(
                    _LEAST_STOPS, _MOST_STOPS, value=0, step=0.1, label="Exposure, stops", elem_id="stops"
                )
                sets = list(dict.fromkeys((weights, *shipped_weights())))
                chosen_set = gradio.Dropdown(sets, value=weights, label="Weights", elem_id="weights")
                response = gradio.Dropdown(
                    ["declared", "estimated", "2.24"],
                    value=str(reconstructor.response),
                    allow_custom_value=True,
                    label="Response",
                    visible=network is not None,
                    elem_id="response",
                )
                lights = gradio.Slider(
                    QUANTILES[0],
                    QUANTILES[-1],
                    value=reconstructor.lights or getattr(network, "lights", QUANTILES[1]),
                    step=0.05,
                    label="Brightness of what was clipped: careful to brilliant",
                    visible=network is not None,
                    elem_id="lights",
                )
                summary = gradio.Markdown(elem_id="summary")
                formats = gradio.CheckboxGroup(formats_of_images(), value=list(APP_FORMATS), label="Formats")
                bare = gradio.Checkbox(label="Leave out EXIF, place and date", elem_id="bare")
                button = gradio.Button("Make files", variant="primary", elem_id="make")
                files = gradio.File(label="Files", interactive=False, elem_id="files", file_count="multiple")
            with gradio.Column(scale=3):
                view = gradio.ImageSlider(
                    label="Photograph | HDR, at the same exposure", format="png", elem_id="view", max_height=900
                )
        asked, shown = [photograph, stops, response, lights, chosen_set], [kept, view, summary, files]
        for changed in (photograph.change, response.change, lights.release):
            changed(reconstruct, asked, shown, show_progress_on=view)
        chosen_set.change(offer, chosen_set, [response, lights]).then(reconstruct, asked, shown, show_progress_on=view)
        try_one.click(example, None, photograph)
        stops.change(expose, [kept, stops], view, show_progress="hidden", trigger_mode="always_last")
        button.click(write, [kept, formats, bare], files)
    return page
