"""An estimated response, drawn towards the mean of all cameras as far as validation says.

python -m experiments.weights.response_shrinkage --root HDR --weights RUN --out two_stage_any.safetensors

What a frame's tones say of its camera and what they say of its scene cannot be told apart with some seventy scenes: the
branch learns the training scenes' tones, and on others its estimate is worse than the mean curve. So the part of the
estimate that depends on the frame is scaled by a factor, the best on the validation places.
"""

import argparse
import json
from pathlib import Path

import torch
from torch import Tensor

from experiments.weights.rounds import SPLITS
from twostage_hdr.camera.exposure import ClippedShareExposure
from twostage_hdr.camera.jpeg import Jpeg
from twostage_hdr.camera.noise import SensorNoise
from twostage_hdr.camera.response import SigmoidResponse
from twostage_hdr.camera.virtual_camera import VirtualCamera
from twostage_hdr.data.hdr_folder import HdrFolderSource
from twostage_hdr.data.patches import FixedCameraImages
from twostage_hdr.data.splits import read_splits
from twostage_hdr.data.triple import Triple
from twostage_hdr.evaluation.gain_alignment import align_gain, measure_gain
from twostage_hdr.evaluation.stops_error import stops_error_well_exposed
from twostage_hdr.inference.weights import load_weights, save_weights
from twostage_hdr.networks.frame_thumbnail import Thumbnail, thumbnail
from twostage_hdr.networks.response_curve import curve_of
from twostage_hdr.networks.two_stage_whole_frame import TwoStageWholeFrameNetwork
from twostage_hdr.radiometry.gamma import decode_gamma
from twostage_hdr.radiometry.photometry import REFERENCE_CAP

FACTORS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
LIGHTS = 0.5
"""Of 0.5 to 0.7 the best on the validation places, for unknown cameras and for gamma 2.24."""
SEEDS = (0, 1, 2)
"""Of the validation cameras."""


def unknown_camera() -> VirtualCamera:
    """`conf/camera/random.yaml`."""
    return VirtualCamera(exposure=ClippedShareExposure(), response=SigmoidResponse(), noise=SensorNoise(), jpeg=Jpeg())


class Frames:
    """Thumbnails of whole frames by unknown cameras, and the triples."""

    def __init__(self, root: Path, part: str, seeds: tuple[int, ...], splits: Path = SPLITS) -> None:
        source = HdrFolderSource(root=str(root), camera=unknown_camera())
        known = {scene.id: scene for scene in source.scenes()}
        scenes = [known[name] for name in getattr(read_splits(splits), part)]
        self.triples: list[Triple] = []
        self.seen: list[Thumbnail] = []
        for seed in seeds:
            frozen = FixedCameraImages(source, scenes, seed=seed)
            self.triples += [frozen[index] for index in range(len(frozen))]
        self.seen = [thumbnail(triple.ldr[None]) for triple in self.triples]


@torch.no_grad()
def numbers(network: TwoStageWholeFrameNetwork, frames: Frames) -> Tensor:
    """(frames, 4): the free numbers of the estimated curves."""
    return torch.cat([network.branch.curve(seen) for seen in frames.seen])


def error(triple: Triple, free: Tensor) -> float:
    """Stops in the well-exposed pixels, as the protocol measures them, before the two stages."""
    light = curve_of(free[None]).linear(triple.ldr[None])[0]
    reference = decode_gamma(triple.reference16)
    aligned = align_gain(light, measure_gain(triple.ldr, reference, light), REFERENCE_CAP)
    return stops_error_well_exposed(aligned, reference, triple.ldr)


def shrink(network: TwoStageWholeFrameNetwork, mean: Tensor, factor: float) -> None:
    """In place: numbers -> mean + factor (numbers - mean)."""
    last = network.branch.curve.numbers
    with torch.no_grad():
        last.weight *= factor
        last.bias.copy_(factor * last.bias + (1 - factor) * mean)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="folder of HDR images")
    parser.add_argument("--splits", type=Path, default=SPLITS, help="which images train and validate")
    parser.add_argument("--weights", required=True, help="the trained branch")
    parser.add_argument("--out", type=Path, required=True, help="the .safetensors to write")
    parser.add_argument("--lights", type=float, default=LIGHTS, help="the quantile that is shown by default")
    parser.add_argument("--results", type=Path, help="a .json to keep the errors in")
    arguments = parser.parse_args()
    network = load_weights(arguments.weights)
    assert isinstance(network, TwoStageWholeFrameNetwork)
    mean = numbers(network, Frames(arguments.root, "train", SEEDS[:1], arguments.splits)).mean(0)
    frames = Frames(arguments.root, "val", SEEDS, arguments.splits)
    own = numbers(network, frames)
    errors = {
        factor: sum(error(*pair) for pair in zip(frames.triples, mean + factor * (own - mean), strict=True)) / len(own)
        for factor in FACTORS
    }
    best = min(errors, key=lambda factor: errors[factor])
    for factor, stops in errors.items():
        print(f"{factor:.1f}  {stops:.4f} stops" + ("  <- taken" if factor == best else ""))
    shrink(network, mean, best)
    network.lights = network.hyper_parameters["lights"] = arguments.lights
    save_weights(arguments.out, network)
    if arguments.results:
        content = {"frames": len(own), "well_exposed_stops": {str(key): value for key, value in errors.items()}}
        arguments.results.write_text(json.dumps(content | {"taken": best}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
