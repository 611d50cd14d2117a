"""Does the light of clipped pixels lie where the quantiles say? On whole frames of held-out places.

python -m experiments.weights.calibration --root HDR [--split test] [--out FILE]

For each camera: the share of the clipped pixels whose luminance lies below the 10, 50 and 90 % quantile, and between
the outer two; means over the frames, after the alignment of the exposure that the scores use.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from experiments.weights.response_shrinkage import unknown_camera
from experiments.weights.rounds import SPLITS
from twostage_hdr.camera.exposure import ClippedShareExposure
from twostage_hdr.camera.noise import SensorNoise
from twostage_hdr.camera.response import GammaResponse
from twostage_hdr.camera.virtual_camera import VirtualCamera
from twostage_hdr.data.hdr_folder import HdrFolderSource
from twostage_hdr.data.patches import FixedCameraImages
from twostage_hdr.data.splits import read_splits
from twostage_hdr.data.triple import Triple
from twostage_hdr.evaluation.gain_alignment import measure_gain
from twostage_hdr.inference.engine import Engine
from twostage_hdr.inference.weights import load_weights
from twostage_hdr.networks.frame_thumbnail import thumbnail
from twostage_hdr.networks.light_map import QUANTILES
from twostage_hdr.networks.two_stage_whole_frame import KnownResponse, TwoStageWholeFrameNetwork
from twostage_hdr.radiometry.exposure import clipped_mask
from twostage_hdr.radiometry.gamma import HDM_GAMMA, decode_gamma
from twostage_hdr.radiometry.luminance import luminance
from twostage_hdr.radiometry.quantities import EncodedRGB


def cameras() -> dict[str, tuple[VirtualCamera, KnownResponse]]:
    """The evaluation's cameras, with what is known of their response."""
    known = VirtualCamera(exposure=ClippedShareExposure(), response=GammaResponse(), noise=SensorNoise())
    return {"random": (unknown_camera(), "estimated"), "gamma": (known, HDM_GAMMA)}


def frames(root: Path, camera: VirtualCamera, split: str, splits: Path = SPLITS) -> Iterator[Triple]:
    """Whole frames with their frozen cameras, as `evaluate` has them."""
    source = HdrFolderSource(root=str(root), camera=camera)
    known = {scene.id: scene for scene in source.scenes()}
    frozen = FixedCameraImages(source, [known[name] for name in getattr(read_splits(splits), split)], seed=0)
    return (frozen[index] for index in range(len(frozen)))


def two_stages(engine: Engine, known: EncodedRGB) -> EncodedRGB:
    """The two stages' image of a frame."""
    pixels = (known[0] * 65535).round().permute(1, 2, 0).numpy().astype(np.uint16)
    return torch.from_numpy(engine.run(pixels)).permute(2, 0, 1)[None]


@torch.no_grad()
def levels(
    network: TwoStageWholeFrameNetwork, engine: Engine, triple: Triple, response: KnownResponse
) -> tuple[Tensor, Tensor]:
    """ln luminance of the clipped pixels: at the quantiles, (3, pixels), and true, (pixels).

    The engine runs the two stages.
    """
    ldr = triple.ldr[None]
    view = network.look(thumbnail(ldr), response)
    known = view.curve.encoded(ldr)
    hdr = two_stages(engine, known) * network.context(known)
    interval = view._replace(lights=view.interval)
    images = [
        decode_gamma(network.lit(hdr, ldr, interval, quantile, top=0, height=ldr.shape[-2]))[0]
        for quantile in QUANTILES
    ]
    reference = decode_gamma(triple.reference16)
    gain = measure_gain(triple.ldr, reference, images[1]).gain
    clipped = clipped_mask(triple.ldr)
    said = torch.stack([luminance(image * gain)[clipped].log() for image in images])
    return said, luminance(reference)[clipped].log()


def calibration(network: TwoStageWholeFrameNetwork, triples: Iterator[Triple], response: KnownResponse) -> dict:
    """Shares, means over the frames, and the intervals' median width."""
    below, inside, widths = [], [], []
    engine = Engine(network=network.two_stage)
    for triple in triples:
        said, true = levels(network, engine, triple, response)
        below.append((true <= said).float().mean(1))
        inside.append(((true >= said[0]) & (true <= said[2])).float().mean())
        widths.append((said[2] - said[0]).median() / torch.log(torch.tensor(2.0)))
    shares = torch.stack(below).mean(0)
    return {
        "frames": len(below),
        "below": {f"{quantile:.0%}": round(float(share), 3) for quantile, share in zip(QUANTILES, shares, strict=True)},
        "inside": round(float(torch.stack(inside).mean()), 3),
        "median_width_stops": round(float(torch.stack(widths).mean()), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="folder of HDR images")
    parser.add_argument("--weights", default="two_stage_any")
    parser.add_argument("--split", default="test", choices=("val", "test"))
    parser.add_argument("--out", type=Path, help="a .json to keep the figures in")
    arguments = parser.parse_args()
    network = load_weights(arguments.weights)
    assert isinstance(network, TwoStageWholeFrameNetwork)
    table = {
        name: calibration(network, frames(arguments.root, camera, arguments.split), response)
        for name, (camera, response) in cameras().items()
    }
    text = json.dumps({"split": arguments.split, "cameras": table}, indent=1)
    print(text)
    if arguments.out:
        arguments.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
