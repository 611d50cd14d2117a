"""Scenes in motion at several exposures: ghosts, black and coloured lights are seen, not scored."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from experiments.figure5_gallery.gallery_figure import gallery_figure, write_picture
from experiments.figure5_gallery.pane_row import exposure_row
from experiments.multi_shot.brackets import bracket
from twostage_hdr.data.hdr_folder import HdrFolderSource
from twostage_hdr.data.scene import Scene
from twostage_hdr.evaluation.methods import BracketMethod, Method
from twostage_hdr.evaluation.saved_results import file_name
from twostage_hdr.radiometry.exposure_stack import reference_frame
from twostage_hdr.radiometry.gamma import decode_gamma

SHOWN = 4
"""Scenes."""
EXPOSURES = (0, -2, -4)
"""Stops."""


def write_pictures(out: Path, source: HdrFolderSource, scenes: Sequence[Scene], methods: Sequence[Method]) -> None:
    """A JPEG for each of a few scenes: a row for each exposure, a column for each method, the truth last."""
    for place in np.linspace(0, len(scenes) - 1, min(SHOWN, len(scenes))).round().astype(int):
        triple = bracket(source, scenes[place], motion=True)
        images = {
            method.title: method.reconstruct(
                triple.ldr if isinstance(method, BracketMethod) else reference_frame(triple.ldr), scene=scenes[place].id
            )
            for method in methods
        }
        images["truth"] = decode_gamma(triple.reference16)
        rows = [exposure_row(images, stops) for stops in EXPOSURES]
        write_picture(
            out / f"{file_name(scenes[place].id)}.jpg", gallery_figure(rows, list(images), title=scenes[place].id)
        )
