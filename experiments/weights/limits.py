"""Where is a method's error, and what would mend it? PU21-PSNR with parts of the reference put into its results.

python -m experiments.weights.limits --evaluation DIR [--out FILE]        DIR: `evaluate ... save_results=true`

For each method: the share of its squared error that lies in clipped pixels; its score as it is; with the reference in
the clipped pixels; with the reference in all others; and with one gain for each cell of 8 px, taken from the reference,
over the clipped pixels. The last is about what a coarse map of gains could do at best.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Bool
from torch import Tensor

from experiments.weights.evaluation_arguments import read_arguments
from twostage_hdr.evaluation.evaluated_scene import load_scene, reference_cap
from twostage_hdr.evaluation.results import read_results
from twostage_hdr.evaluation.saved_results import SavedResults
from twostage_hdr.metrics.pu21_psnr import pu21_psnr
from twostage_hdr.networks.two_stage_context import CELL
from twostage_hdr.radiometry.exposure import clipped_mask
from twostage_hdr.radiometry.gamma import encode_gamma
from twostage_hdr.radiometry.luminance import luminance
from twostage_hdr.radiometry.photometry import WHITE
from twostage_hdr.radiometry.pu21 import pu21_encode
from twostage_hdr.radiometry.quantities import LinearRGB

SHARE = "share of the error in clipped pixels"
AS_IS = "as it is"
CLIPPED = "clipped pixels from the reference"
OTHERS = "all other pixels from the reference"
COARSE = "a gain from the reference for each cell of 8 px"
FLOOR = 1e-3
"""Added to luminances, so that black has a ratio."""


def limits(folder: Path, methods: Sequence[str]) -> dict[str, dict[str, float]]:
    """The means over the images of an evaluation, by method and by what was put in."""
    saved = SavedResults(folder / "results")
    scores: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    results = read_results(folder / "summary.json")
    for scene in results.rows[0].per_image:
        loaded = load_scene(saved, scene, methods, cap=reference_cap(results))
        clipped, reference = clipped_mask(loaded.frame), loaded.reference
        for name, result in loaded.results.items():
            error = (pu21_encode(WHITE * reference) - pu21_encode(WHITE * result)).square().sum(0, keepdim=True)
            scores[name][SHARE].append(float(error[clipped].sum() / error.sum()))
            mended = {
                AS_IS: result,
                CLIPPED: torch.where(clipped, reference, result),
                OTHERS: torch.where(clipped, result, reference),
                COARSE: with_coarse_gains(result, reference, clipped),
            }
            for what, image in mended.items():
                scores[name][what].append(float(pu21_psnr(encode_gamma(image)[None], encode_gamma(reference)[None])))
    return {name: {what: sum(each) / len(each) for what, each in row.items()} for name, row in scores.items()}


def with_coarse_gains(result: LinearRGB, reference: LinearRGB, clipped: Bool[Tensor, "1 height width"]) -> LinearRGB:
    """The result with the reference's mean ln luminance over the clipped pixels of each cell, bilinear between."""
    height, width = clipped.shape[-2:]
    cells = (max(height // CELL, 1), max(width // CELL, 1))
    log_ratio = ((luminance(reference) + FLOOR) / (luminance(result) + FLOOR)).log()
    share = F.adaptive_avg_pool2d(clipped.float()[None], cells)
    coarse = F.adaptive_avg_pool2d((log_ratio * clipped)[None], cells) / share.clamp(min=FLOOR)
    gain = F.interpolate(coarse, size=(height, width), mode="bilinear")[0].exp()
    return torch.where(clipped, result * gain, result)


def main() -> None:
    arguments = read_arguments(__doc__)
    table = limits(arguments.evaluation, arguments.methods)
    for name, row in table.items():
        print(name)
        for what, value in row.items():
            print(f"  {what:50}", f"{value:.0%}" if what == SHARE else f"{value:.2f} dB")
    arguments.keep(table)


if __name__ == "__main__":
    main()
