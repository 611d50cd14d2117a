"""The README's picture: photograph, reconstruction and reference of one generated scene at two exposures.

python experiments/teaser/teaser.py --weights demo --scene 11 docs/images/teaser.png
"""

import argparse
from pathlib import Path

import matplotlib
import numpy as np

from twostage_hdr import load_model, reconstruct
from twostage_hdr.camera.exposure import ClippedShareExposure
from twostage_hdr.camera.noise import SensorNoise
from twostage_hdr.camera.response import SigmoidResponse
from twostage_hdr.camera.virtual_camera import VirtualCamera
from twostage_hdr.data.procedural_source import ProceduralSource
from twostage_hdr.imaging.preview import to_srgb8

matplotlib.use("Agg")
import matplotlib.pyplot as plt

STOPS = (0, -2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--weights", default="demo")
    parser.add_argument("--scene", type=int, default=11, help="number of the generated scene")
    arguments = parser.parse_args()
    camera = VirtualCamera(exposure=ClippedShareExposure(), response=SigmoidResponse(), noise=SensorNoise())
    source = ProceduralSource(camera=camera, count=arguments.scene + 1, height=320, width=480)
    triple = source.triple(source.scenes()[arguments.scene], np.random.default_rng(0), None)
    ldr, reference = (image.permute(1, 2, 0).numpy() for image in (triple.ldr, triple.reference16))
    hdr = reconstruct((ldr * 255).round().astype(np.uint8), weights=load_model(arguments.weights))
    shown = {"photograph": ldr**2.24, "reconstruction": hdr, "reference": reference**2.24}
    figure, rows = plt.subplots(2, 3, figsize=(10.8, 4.9), dpi=110)
    for row, stops in zip(rows, STOPS, strict=True):
        for pane, (title, image) in zip(row, shown.items(), strict=True):
            pane.imshow(to_srgb8(np.ascontiguousarray(image * np.float32(2.0**stops))))
            pane.set_title(title if stops == 0 else f"{title}, {stops} stops", fontsize=10)
            pane.axis("off")
    figure.tight_layout(pad=0.6)
    figure.savefig(arguments.picture)


if __name__ == "__main__":
    main()
