"""Is there a better fixed curve for unknown cameras? Fitted to the training frames, judged on the validation frames.

python -m experiments.weights.fixed_curve --root HDR [--results FILE]

`estimated` undoes one curve for all cameras. Its four numbers are fitted here to the error itself: stops over the
well-exposed pixels after the gain. Beside it what the best curve for each frame would reach, fitted with its reference.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from experiments.weights.response_shrinkage import SEEDS, Frames, error, numbers
from twostage_hdr.data.triple import Triple
from twostage_hdr.inference.weights import load_weights
from twostage_hdr.networks.response_curve import NUMBERS, curve_of
from twostage_hdr.networks.two_stage_whole_frame import TwoStageWholeFrameNetwork
from twostage_hdr.radiometry.gain import well_exposed
from twostage_hdr.radiometry.gamma import decode_gamma
from twostage_hdr.radiometry.luminance import luminance

PIXELS = 1000
"""Of a frame, evenly: enough to fit four numbers."""
EVALUATIONS = 400
FLOOR = 1e-4
"""Of luminances, relative to white."""


class Sample(NamedTuple):
    """Well-exposed pixels of a frame."""

    ldr: Tensor
    """(3, 1, pixels), encoded by the camera."""
    light: Tensor
    """(1, 1, pixels): log2 of the reference's luminance."""


def sample(triple: Triple) -> Sample | None:
    """None where nothing is well exposed."""
    places = well_exposed(decode_gamma(triple.ldr))[0].flatten().nonzero()[:, 0]
    if not len(places):
        return None
    chosen = places[torch.linspace(0, len(places) - 1, min(PIXELS, len(places))).long()]
    reference = decode_gamma(triple.reference16.flatten(1)[:, chosen][:, None])
    return Sample(triple.ldr.flatten(1)[:, chosen][:, None], luminance(reference).clamp(min=FLOOR).log2())


def misses(free: np.ndarray, samples: Sequence[Sample]) -> float:
    """Mean error in stops after the median gain, of a curve of these free numbers."""
    curve = curve_of(torch.tensor(free, dtype=torch.float32)[None])
    found = []
    for one in samples:
        difference = luminance(curve.linear(one.ldr[None])[0]).clamp(min=FLOOR).log2() - one.light
        found.append(float((difference - difference.median()).abs().mean()))
    return sum(found) / len(found)


def fitted(start: np.ndarray, samples: Sequence[Sample]) -> np.ndarray:
    """The numbers with the least error, by Nelder and Mead's method."""
    options = {"maxfev": EVALUATIONS, "initial_simplex": start + 0.3 * np.vstack([np.zeros(NUMBERS), np.eye(NUMBERS)])}
    return np.asarray(minimize(misses, start, args=(samples,), method="Nelder-Mead", options=options).x)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="folder of HDR images")
    parser.add_argument("--results", type=Path, help="a .json to keep the errors in")
    arguments = parser.parse_args()
    network = load_weights("two_stage_any")
    assert isinstance(network, TwoStageWholeFrameNetwork)
    training, validation = (Frames(arguments.root, part, SEEDS) for part in ("train", "val"))
    shipped = numbers(network, validation)[0]  # alike for every frame
    samples = [one for triple in training.triples if (one := sample(triple))]
    new = torch.tensor(fitted(shipped.numpy().astype(float), samples), dtype=torch.float32)
    kept = [(triple, one) for triple in validation.triples if (one := sample(triple))]
    best = [torch.tensor(fitted(shipped.numpy().astype(float), [one])).float() for _, one in kept]
    errors = {
        "shipped": [error(triple, shipped) for triple, _ in kept],
        "fitted to the training frames": [error(triple, new) for triple, _ in kept],
        "the best for each frame, by its reference": [
            error(triple, own) for (triple, _), own in zip(kept, best, strict=True)
        ],
    }
    content = {
        "frames": len(kept),
        "well_exposed_stops": {name: round(sum(each) / len(each), 5) for name, each in errors.items()},
        "numbers": {"shipped": shipped.tolist(), "fitted": new.tolist()},
    }
    print(json.dumps(content, indent=1))
    if arguments.results:
        arguments.results.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
