"""Cheap ways to a better result from trained branches, on the validation places: none of them trains anything.

python -m experiments.weights.combinations --root HDR --out RUNS

The shipped branch with other shares of what the context sees (`local`) and other quantiles (`lights`); with the mean of
what it says of the frame and of its mirror image; and, where RUNS has several seeds of the learning curve's branch on
all places, each of them and the mean of what they say. Results as data in `results/combinations.json`.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path

import torch

from experiments.weights.kept_frames import ValidationFrame, image_scores, means, validation_frames
from experiments.weights.learning_curve import SEEDS, of_places
from twostage_hdr.inference.weights import load_weights
from twostage_hdr.networks.frame_thumbnail import Thumbnail, thumbnail
from twostage_hdr.networks.two_stage_whole_frame import FrameView, TwoStageWholeFrameNetwork
from twostage_hdr.networks.whole_frame_branch import LightMap
from twostage_hdr.radiometry.gamma import decode_gamma

HERE = Path(__file__).parent
LOCALS, LIGHTS = (0.0, 0.3, 0.7, 1.0), (0.4, 0.6, 0.7)
"""Tried beside the shipped ones."""

Views = Sequence[FrameView]


def mirrored(network: TwoStageWholeFrameNetwork, frame: ValidationFrame) -> Views:
    """What the branch says of the frame, and of its mirror image, turned back."""
    seen = thumbnail(frame.triple.ldr[None])
    turned = network.look(Thumbnail(seen.cells.flip(-1), seen.histogram), frame.response)
    lights = LightMap(*(part.flip(-1) for part in turned.lights))
    return [network.look(seen, frame.response), turned._replace(lights=lights)]


def mean_of(views: Views) -> FrameView:
    """The mean of what several looks say of a frame's light; the curve of the first."""
    parts = zip(*(view.lights for view in views), strict=True)
    return views[0]._replace(lights=LightMap(*(torch.stack(part).mean(0) for part in parts)))


def with_branch(network: TwoStageWholeFrameNetwork, file: Path) -> TwoStageWholeFrameNetwork:
    """The network with a run's branch, but its own curve."""
    changed = deepcopy(network)
    changed.branch.load_state_dict(torch.load(file, weights_only=True))
    changed.branch.curve.load_state_dict(network.branch.curve.state_dict())
    return changed


def results(
    network: TwoStageWholeFrameNetwork, seeds: Mapping[int, TwoStageWholeFrameNetwork], frame: ValidationFrame
) -> Iterator[tuple[str, torch.Tensor]]:
    """(what, linear image) for everything that is tried."""
    ldr = frame.triple.ldr[None]

    def lit(view: FrameView, lights: float | None = None, local: float | None = None) -> torch.Tensor:
        image = network.lit(frame.hdr, ldr, view, lights, top=0, height=ldr.shape[-2], local=local)
        return decode_gamma(image)[0]

    both = mirrored(network, frame)
    yield "as shipped", lit(both[0])
    yield "mean with the mirror image's", lit(mean_of(both))
    for local in LOCALS:
        yield f"local {local:g}", lit(both[0], local=local)
    for lights in LIGHTS:
        yield f"lights {lights:g}", lit(both[0], lights)
    looks = {seed: other.look(thumbnail(ldr), frame.response) for seed, other in seeds.items()}
    for seed, look in looks.items():
        yield f"short run, seed {seed}", lit(look)
    if len(looks) > 1:
        yield f"mean of the {len(looks)} short runs", lit(mean_of(list(looks.values())))
        yield f"mean of the shipped branch and the {len(looks)} short runs", lit(mean_of([both[0], *looks.values()]))


@torch.no_grad()
def table(
    network: TwoStageWholeFrameNetwork,
    seeds: Mapping[int, TwoStageWholeFrameNetwork],
    frames: Sequence[ValidationFrame],
) -> dict[str, dict[str, float]]:
    """Means over the frames, by what was tried."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for frame in frames:
        for what, image in results(network, seeds, frame):
            found.setdefault(what, {})[str(frame.triple.scene)] = image_scores(frame.triple, image)
    return {what: means(rows) for what, rows in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="folder of HDR images")
    parser.add_argument("--out", type=Path, required=True, help="folder of the learning curve's views and runs")
    parser.add_argument("--results", type=Path, default=HERE / "results" / "combinations.json")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    network = load_weights("two_stage_any")
    assert isinstance(network, TwoStageWholeFrameNetwork)
    files = {seed: of_places(arguments.out, 1.0, seed).with_suffix(".pt") for seed in SEEDS}
    seeds = {seed: with_branch(network, file) for seed, file in files.items() if file.exists()}
    content = {}
    for camera, frames in validation_frames(arguments.root, arguments.out / "validation", network).items():
        content[camera] = table(network, seeds, frames)
        for what, row in content[camera].items():
            print(f"{camera:8} {what:50}", *(f"{value:8.3f}" for value in row.values()), flush=True)
    arguments.results.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
