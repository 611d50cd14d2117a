"""Cheap ways to a better result from trained branches, on the validation places: none of them trains anything.

python -m experiments.weights.combinations --root HDR --out RUNS

The shipped branch with other shares of what the context sees (`local`) and other quantiles (`lights`); with the mean of
what it says of the frame and of its mirror image; with other colours where all channels are clipped: the branch's, the
context's, or those around; and, where RUNS has several seeds of the learning curve's branch on all places, each of them
and the mean of what they say. Results as data in `results/combinations.json`.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from experiments.weights.kept_frames import ValidationFrame, image_scores, means, validation_frames
from experiments.weights.learning_curve import SEEDS, of_places
from twostage_hdr.inference.weights import load_weights
from twostage_hdr.networks.frame_thumbnail import Thumbnail, thumbnail
from twostage_hdr.networks.light_map import LightMap, light_rows
from twostage_hdr.networks.two_stage_context import CELL, clipping_weight
from twostage_hdr.networks.two_stage_whole_frame import SMALLEST, FrameView, TwoStageWholeFrameNetwork
from twostage_hdr.radiometry.exposure import CLIPPING_THRESHOLD
from twostage_hdr.radiometry.gamma import HDM_GAMMA, decode_gamma

HERE = Path(__file__).parent
LOCALS, LIGHTS, COLOURS, AROUND = (0.0, 0.7, 1.0), (0.6,), (1.0,), (0.3,)
"""Tried beside the shipped ones: of the context's colours, and of those around."""
SIGMAS = (1, 4, 16)
"""Of the means of colours around, in cells of 8 px; the narrowest that sees anything counts most."""
SEEN = 1e-9
"""Least weight of what is seen; a frame that is clipped throughout has no colours around."""
DARKEST = 1e-3
"""Light below which colour is noise."""

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


def with_colours(
    network: TwoStageWholeFrameNetwork,
    frame: ValidationFrame,
    hdr: torch.Tensor,
    view: FrameView,
    context: float,
    around: float,
) -> torch.Tensor:
    """As `lit`, encoded, but where all channels are clipped the colour has these shares of the context's and of others.

    Args:
        network: whose `local` the brightness keeps.
        frame: see `ValidationFrame`.
        hdr: what two stages and context make of it.
        view: of the frame.
        context: share of the context's colour in the colour of branch and context.
        around: share of the colours around in the whole.
    """
    ldr = frame.triple.ldr[None]
    (level,) = light_rows(view.lights, ldr, (network.lights,), top=0, height=ldr.shape[-2])
    nearby = HDM_GAMMA * hdr.clamp(min=SMALLEST).log()
    bright = ((1 - network.local) * level + network.local * nearby).mean(1, keepdim=True)
    colour = (1 - context) * _offset(level) + context * _offset(nearby)
    colour = (1 - around) * colour + around * colours_around(view.curve.linear(ldr), ldr)
    white, light = clipping_weight(ldr).amin(1, keepdim=True), torch.exp((bright + colour) / HDM_GAMMA)
    shipped = network.lit(hdr, ldr, view, top=0, height=ldr.shape[-2])
    return shipped * (1 - white) + light * white


def colours_around(linear: torch.Tensor, ldr: torch.Tensor) -> torch.Tensor:
    """ln of R, G and B over their mean: Gaussian means over the pixels that are not clipped, (1, 3, H, W)."""
    seen = ((ldr.amax(1, keepdim=True) < CLIPPING_THRESHOLD) & (linear.amin(1, keepdim=True) > DARKEST)).float()
    offset = _offset(linear.clamp(min=DARKEST).log()) * seen
    cells = F.adaptive_avg_pool2d(torch.cat((offset, seen), 1), [max(side // CELL, 1) for side in ldr.shape[-2:]])
    rows = cells[0].permute(1, 2, 0).contiguous().numpy()
    total = sum(cv2.GaussianBlur(rows, (0, 0), sigma) / sigma**4 for sigma in SIGMAS)
    mean = torch.from_numpy(total[..., :3] / np.maximum(total[..., 3:], SEEN)).permute(2, 0, 1)[None]
    return F.interpolate(mean, size=ldr.shape[-2:], mode="bilinear")


def _offset(log_light: torch.Tensor) -> torch.Tensor:
    return log_light - log_light.mean(1, keepdim=True)


def results(
    network: TwoStageWholeFrameNetwork, seeds: Mapping[int, TwoStageWholeFrameNetwork], frame: ValidationFrame
) -> Iterator[tuple[str, torch.Tensor]]:
    """(what, linear image) for everything that is tried."""
    ldr, hdr = frame.triple.ldr[None], frame.hdr(network)

    def lit(view: FrameView, lights: float | None = None, local: float | None = None) -> torch.Tensor:
        image = network.lit(hdr, ldr, view, lights, top=0, height=ldr.shape[-2], local=local)
        return decode_gamma(image)[0]

    both = mirrored(network, frame)
    yield "as shipped", lit(both[0])
    yield "mean with the mirror image's", lit(mean_of(both))
    for local in LOCALS:
        yield f"local {local:g}", lit(both[0], local=local)
    for lights in LIGHTS:
        yield f"lights {lights:g}", lit(both[0], lights)
    for context in COLOURS:
        yield (
            f"colour: {context:.0%} the context's",
            decode_gamma(with_colours(network, frame, hdr, both[0], context, 0.0))[0],
        )
    for around in AROUND:
        image = with_colours(network, frame, hdr, both[0], network.local, around)
        yield f"colour: {around:.0%} of those around", decode_gamma(image)[0]
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
