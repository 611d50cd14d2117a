"""How far into a clipped region does a method see? Errors in stops by the distance to the nearest pixel not clipped.

python -m experiments.weights.depth --evaluation DIR [--out FILE]        DIR: `evaluate ... save_results=true`

A network with a receptive radius of 17 px knows nothing but "white" further inside. The last row is what such a
method could reach at best: the reference's own median of all pixels at that depth, everywhere.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch

from experiments.figure5_gallery.evaluated_scene import load_scene
from experiments.weights.evaluation_arguments import read_arguments
from twostage_hdr.evaluation.protocol import reference_cap
from twostage_hdr.evaluation.results import read_results
from twostage_hdr.evaluation.saved_results import SavedResults
from twostage_hdr.evaluation.stops_error import LUMINANCE_FLOOR, stops_difference
from twostage_hdr.radiometry.exposure import clipped_mask
from twostage_hdr.radiometry.luminance import luminance

BINS = ((0, 4), (4, 17), (17, 34), (34, 10_000))
"""Of depth, px; 17 is the two-stage network's receptive radius."""
LABELS = ("to 4 px", "to 17 px", "to 34 px", "deeper")
CONSTANT = "one value for each depth, chosen in hindsight"


def bins(values: np.ndarray, depth: np.ndarray) -> list[np.ndarray]:
    """The values in each bin of depth; only clipped pixels have one above 0."""
    return [values[(depth > low) & (depth <= high)] for low, high in BINS]


def errors_by_depth(folder: Path, methods: Sequence[str]) -> tuple[dict[str, list[float]], list[float]]:
    """Mean |stops| of each method (and of the constant) in each bin, and the bins' shares of the clipped pixels."""
    saved = SavedResults(folder / "results")
    collected: dict[str, list[list[np.ndarray]]] = defaultdict(lambda: [[] for _ in BINS])
    results = read_results(folder / "summary.json")
    for scene in results.rows[0].per_image:
        loaded = load_scene(saved, scene, methods, cap=reference_cap(results.facts))
        clipped = clipped_mask(loaded.frame).reshape(loaded.frame.shape[-2:]).numpy().astype(np.uint8)
        depth = cv2.distanceTransform(clipped, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        light = torch.log2(luminance(loaded.reference).clamp(min=LUMINANCE_FLOOR))[0].numpy()
        maps = {"": light} | {
            name: stops_difference(result, loaded.reference)[0].numpy() for name, result in loaded.results.items()
        }
        for name, values in maps.items():
            for place, chosen in zip(collected[name], bins(values, depth), strict=True):
                place.append(chosen)
    joined = {name: [np.concatenate(place) for place in places] for name, places in collected.items()}
    lights = joined.pop("")
    total = sum(len(place) for place in lights)
    table = {name: [float(np.abs(place).mean()) for place in places] for name, places in joined.items()}
    table[CONSTANT] = [float(np.abs(place - np.median(place)).mean()) for place in lights]
    return table, [len(place) / total for place in lights]


def main() -> None:
    arguments = read_arguments(__doc__)
    table, shares = errors_by_depth(arguments.evaluation, arguments.methods)
    head = {"distance": LABELS, "share of clipped pixels": [f"{share:.0%}" for share in shares]}
    body = {name: [f"{cell:.2f}" for cell in row] for name, row in table.items()}
    for name, row in {**head, **body}.items():
        print(f"{name:46}", *(f"{cell:>10}" for cell in row))
    arguments.keep({"distance": LABELS, "share": shares, "mean_absolute_stops": table})


if __name__ == "__main__":
    main()
