"""Where is a method's error, and what would a perfect part be worth? Scores with parts of the reference in its results.

python -m experiments.weights.limits --evaluation DIR [--out FILE]        DIR: `evaluate ... save_results=true`

For each method: the share of its squared error (PU21) that lies in clipped pixels; its scores as it is; and its scores
with one part perfect. Most parts are of the clipped pixels: all of them; their luminance or their colour alone; one
gain for the frame, for each clipped region, for each cell of 32 and of 8 px, as far as a guess of brightness over
regions could get; the same for each channel. Others are what is not clipped, and the response curve alone.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from experiments.figure5_gallery.evaluated_scene import EvaluatedScene, load_scene
from experiments.weights.evaluation_arguments import read_arguments
from twostage_hdr.evaluation.crf_correction import correct_response
from twostage_hdr.evaluation.protocol import reference_cap
from twostage_hdr.evaluation.results import read_results
from twostage_hdr.evaluation.saved_results import SavedResults
from twostage_hdr.evaluation.stops_error import stops_error_clipped
from twostage_hdr.metrics.pu21_psnr import pu21_psnr
from twostage_hdr.radiometry.exposure import clipped_mask
from twostage_hdr.radiometry.gamma import encode_gamma
from twostage_hdr.radiometry.luminance import luminance
from twostage_hdr.radiometry.photometry import WHITE
from twostage_hdr.radiometry.pu21 import pu21_encode
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB

SHARE = "share of the error in clipped pixels"
AS_IS = "as it is"
CLIPPED = "clipped pixels"
OTHERS = "all other pixels"
CURVE = "the response: one curve for each channel, below white"
FRAME = "clipped pixels: one gain for the frame"
REGION = "clipped pixels: one gain for each region"
REGION_RGB = "clipped pixels: one gain for each region and channel"
COARSE = "clipped pixels: one gain for each cell of 32 px"
FINE = "clipped pixels: one gain for each cell of 8 px"
FINE_RGB = "clipped pixels: one gain for each cell of 8 px and channel"
LUMINANCE = "clipped pixels: the luminance"
COLOUR = "clipped pixels: the colour"
SCORES = ("pu21_psnr", "crf_pu21_psnr", "stops_error_clipped")
FLOOR = 1e-3
"""Added to what is divided, so that black has a ratio."""
LEVELS = 256
"""Of a frame's channel."""

Mask = Bool[Tensor, "1 height width"]


def limits(folder: Path, methods: Sequence[str]) -> dict[str, dict[str, dict[str, float]]]:
    """The means over the images of an evaluation: by method, by what is perfect, by score."""
    saved = SavedResults(folder / "results")
    found: dict[str, dict[str, dict[str, list[float]]]] = {
        name: defaultdict(lambda: defaultdict(list)) for name in methods
    }
    results = read_results(folder / "summary.json")
    for scene in results.rows[0].per_image:
        loaded = load_scene(saved, scene, methods, cap=reference_cap(results.facts))
        for name, result in loaded.results.items():
            found[name][AS_IS][SHARE].append(error_share(result, loaded))
            for what, image in perfected(result, loaded).items():
                for key, value in scores(image, loaded).items():
                    found[name][what][key].append(value)
    return {
        name: {what: {key: float(np.nanmean(each)) for key, each in row.items()} for what, row in rows.items()}
        for name, rows in found.items()
    }


def error_share(result: LinearRGB, scene: EvaluatedScene) -> float:
    """Of the squared error in PU21 values: how much lies in clipped pixels."""
    error = (pu21_encode(WHITE * scene.reference) - pu21_encode(WHITE * result)).square().sum(0, keepdim=True)
    return float(error[clipped_mask(scene.frame)].sum() / error.sum())


def scores(image: LinearRGB, scene: EvaluatedScene) -> dict[str, float]:
    """PU21-PSNR without and with the correction of tone curves, and stops over the clipped pixels."""
    corrected = correct_response(image * WHITE, scene.reference * WHITE) / WHITE
    reference = encode_gamma(scene.reference)[None]
    measured = (
        float(pu21_psnr(encode_gamma(image)[None], reference)),
        float(pu21_psnr(encode_gamma(corrected)[None], reference)),
        stops_error_clipped(image, scene.reference, scene.frame),
    )
    return dict(zip(SCORES, measured, strict=True))


def perfected(result: LinearRGB, scene: EvaluatedScene) -> dict[str, LinearRGB]:
    """The result as it is, and with each part from the reference."""
    clipped, reference = clipped_mask(scene.frame), scene.reference
    bright, wanted = luminance(result) + FLOOR, luminance(reference) + FLOOR
    of_light = (wanted / bright).log()
    of_channels = ((reference + FLOOR) / (result + FLOOR)).log()
    lit: dict[str, Callable[[], Tensor]] = {
        FRAME: lambda: over_regions(of_light, clipped, clipped[0].int()),
        REGION: lambda: over_regions(of_light, clipped, regions(clipped)),
        REGION_RGB: lambda: over_regions(of_channels, clipped, regions(clipped)),
        COARSE: lambda: over_cells(of_light, clipped, 32),
        FINE: lambda: over_cells(of_light, clipped, 8),
        FINE_RGB: lambda: over_cells(of_channels, clipped, 8),
        LUMINANCE: lambda: of_light,
    }
    return {
        AS_IS: result,
        CLIPPED: torch.where(clipped, reference, result),
        OTHERS: torch.where(clipped, result, reference),
        CURVE: with_perfect_curve(result, scene.frame, reference, clipped),
        COLOUR: torch.where(clipped, reference * bright / wanted, result),
        **{what: torch.where(clipped, result * log_gain().exp(), result) for what, log_gain in lit.items()},
    }


def regions(clipped: Mask) -> Int[Tensor, "height width"]:
    """The number of each clipped pixel's region, pixels that touch at a corner included; 0 elsewhere."""
    _, numbers = cv2.connectedComponents(clipped[0].numpy().astype(np.uint8), connectivity=8)
    return torch.from_numpy(numbers)


def over_regions(
    log_ratio: Float[Tensor, "channels height width"], clipped: Mask, numbers: Int[Tensor, "height width"]
) -> Float[Tensor, "channels height width"]:
    """The mean over each region's pixels, at all of them."""
    index = numbers.flatten().long()
    counts = torch.zeros(int(index.max()) + 1).index_add(0, index, torch.ones(index.numel()))
    sums = torch.zeros(len(log_ratio), counts.numel()).index_add(1, index, (log_ratio * clipped).flatten(1))
    return (sums / counts.clamp(min=1))[:, index].view_as(log_ratio)


def over_cells(
    log_ratio: Float[Tensor, "channels height width"], clipped: Mask, cell: int
) -> Float[Tensor, "channels height width"]:
    """The mean over the clipped pixels of each cell, bilinear between cells."""
    height, width = clipped.shape[-2:]
    cells = (max(height // cell, 1), max(width // cell, 1))
    share = F.adaptive_avg_pool2d(clipped.float()[None], cells)
    coarse = F.adaptive_avg_pool2d((log_ratio * clipped)[None], cells) / share.clamp(min=FLOOR)
    return F.interpolate(coarse, size=(height, width), mode="bilinear")[0]


def with_perfect_curve(result: LinearRGB, frame: EncodedRGB, reference: LinearRGB, clipped: Mask) -> LinearRGB:
    """What is not clipped, through the curve that is best for this frame: each level's mean in the reference."""
    curved = torch.empty_like(result)
    for channel, levels in enumerate((frame * (LEVELS - 1)).round().long()):
        seen, light = levels[~clipped[0]], reference[channel][~clipped[0]]
        counts = torch.zeros(LEVELS).index_add(0, seen, torch.ones(seen.numel()))
        curve = torch.zeros(LEVELS).index_add(0, seen, light) / counts.clamp(min=1)
        curved[channel] = curve[levels]
    return torch.where(clipped, result, curved)


def main() -> None:
    arguments = read_arguments(__doc__)
    table = limits(arguments.evaluation, arguments.methods)
    for name, rows in table.items():
        print(f"{name}: {rows[AS_IS][SHARE]:.0%} of the error in clipped pixels")
        for what, row in rows.items():
            print(f"  {what:60}", *(f"{row[key]:7.2f}" for key in SCORES))
    arguments.keep(table)


if __name__ == "__main__":
    main()
