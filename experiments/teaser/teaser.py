"""The README's picture: a photograph and its reconstruction, with the exposure lowered.

python -m experiments.teaser.teaser PHOTO docs/images/teaser.jpg
"""

import argparse
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import torch

from experiments.figure5_gallery.gallery_figure import write_picture
from twostage_hdr import reconstruct
from twostage_hdr.imaging.ldr import read_ldr
from twostage_hdr.imaging.preview import to_srgb8
from twostage_hdr.radiometry.srgb import srgb_decode

matplotlib.use("Agg")
import matplotlib.pyplot as plt

STOPS = (0, -2, -4)
COLUMN = 480
"""Width of a pane, px."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photograph", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--weights", help="default: the package's own")
    parser.add_argument("--lights", type=float)
    arguments = parser.parse_args()
    pixels = read_ldr(arguments.photograph).pixels
    photograph = srgb_decode(torch.from_numpy(pixels / np.float32(np.iinfo(pixels.dtype).max))).numpy()
    shown = {
        "photograph": photograph,
        "reconstruction": reconstruct(pixels, weights=arguments.weights, lights=arguments.lights),
    }
    height = round(COLUMN * pixels.shape[0] / pixels.shape[1])
    figure, rows = plt.subplots(2, 3, figsize=(3 * COLUMN / 100, (2 * height + 80) / 100), dpi=100)
    for row, (name, image) in zip(rows, shown.items(), strict=True):
        small = cv2.resize(image, (COLUMN, height), interpolation=cv2.INTER_AREA)
        for pane, stops in zip(row, STOPS, strict=True):
            pane.imshow(to_srgb8(np.ascontiguousarray(small * np.float32(2.0**stops))))
            pane.set_title(f"{name}, {stops} stops", fontsize=11)
            pane.axis("off")
    figure.tight_layout(pad=0.4)
    write_picture(arguments.picture, figure)


if __name__ == "__main__":
    main()
