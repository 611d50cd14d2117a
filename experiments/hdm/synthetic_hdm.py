"""Writes a tree in HdM's layout from HDR panoramas, so that the whole path can be tried at full size without HdM.

    python experiments/hdm/synthetic_hdm.py --source FOLDER_OF_HDR_IMAGES --out DIR [--scenes 60] [--size 1900x1060]

Each place gives a film-like sequence: a perspective camera inside the panorama pans by a degree or two per frame.
Frames clip at 248/255 and carry a little noise, as real ones do; references are capped at 10 (encoded).
"""

import argparse
import csv
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import imagecodecs
import numpy as np

from twostage_hdr.imaging.challenge_png import write_challenge_pair
from twostage_hdr.imaging.hdr import read_hdr

STOPS = (-3.0, -1.0, 1.0)
SATURATION = 248
CAP = 10.0
GAMMA = 2.24
CLIPPED_SHARE = (0.01, 0.08)
FIELD_OF_VIEW = (55.0, 80.0)
PAN = (0.5, 2.0)
NOISE = 0.6


@dataclass(frozen=True)
class Shot:
    """Neighbouring frames of one place."""

    file: Path
    first: int
    frames: int


def shots(files: list[Path], scenes: int, frames: int) -> Iterator[Shot]:
    first = 0
    for file in files:
        if first >= scenes:
            return
        yield Shot(file, first, min(frames, scenes - first))
        first += frames


def usable_panoramas(source: Path) -> list[Path]:
    """2:1 images, one per place, without the sky-only ones."""
    with (source / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["panorama"] == "yes" and "sky-only" not in row["note"]]
    by_place = {row["place_group"]: source / row["file"] for row in reversed(rows)}
    return sorted(by_place.values())


def perspective(panorama: np.ndarray, *, yaw: float, pitch: float, fov: float, size: tuple[int, int]) -> np.ndarray:
    """A pinhole view; angles in degrees, `fov` across the width, `size` is width and height in px."""
    width, height = size
    focal = width / 2 / np.tan(np.radians(fov) / 2)
    x, y = np.meshgrid(np.arange(width) - (width - 1) / 2, np.arange(height) - (height - 1) / 2)
    tilt = np.radians(pitch)
    forward = focal * np.cos(tilt) + y * np.sin(tilt)
    down = y * np.cos(tilt) - focal * np.sin(tilt)
    longitude = np.arctan2(x, forward) + np.radians(yaw)
    latitude = np.arctan2(down, np.hypot(x, forward))
    rows, columns = panorama.shape[:2]
    at_x = ((longitude / (2 * np.pi) + 0.5) % 1 * columns - 0.5).astype(np.float32)
    at_y = ((latitude / np.pi + 0.5) * rows - 0.5).astype(np.float32)
    view = cv2.remap(panorama, at_x, at_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_WRAP)
    return np.maximum(view, 0)


def write_shot(shot: Shot, out: Path, size: tuple[int, int], seed: int) -> None:
    rng = np.random.default_rng([seed, shot.first])
    # Suns would ring for many pixels around them under cubic interpolation.
    pixels = read_hdr(shot.file).pixels
    panorama = np.minimum(pixels, np.percentile(pixels, 99.9) * 20)
    yaw, pitch, fov = rng.uniform(0, 360), rng.uniform(-8, 8), rng.uniform(*FIELD_OF_VIEW)
    pan, share, white = rng.uniform(*PAN) * rng.choice([-1, 1]), rng.uniform(*CLIPPED_SHARE), 0.0
    for frame in range(shot.frames):
        linear = perspective(panorama, yaw=yaw + frame * pan, pitch=pitch, fov=fov, size=size)
        if frame == 0:  # a film keeps its exposure over a shot
            white = float(np.quantile(linear.max(axis=2)[::4, ::4], 1 - share)) or 1.0
        write_scene(out / f"{shot.first + frame:04d}", linear / white, rng)


def write_scene(stem: Path, linear: np.ndarray, rng: np.random.Generator) -> None:
    encoded = np.minimum(np.power(linear, 1 / GAMMA), CAP).astype(np.float32)
    write_challenge_pair(f"{stem}_gt.png", f"{stem}_alignratio.npy", encoded)
    np.save(f"{stem}_exposures.npy", np.array(STOPS))
    for name, stops in zip(("short", "medium", "long"), STOPS, strict=True):
        exposed = encoded * np.float32(2 ** ((stops - STOPS[1]) / GAMMA)) * 255
        exposed += rng.normal(0, NOISE, encoded.shape).astype(np.float32)
        frame = np.rint(np.clip(exposed, 0, SATURATION)).astype(np.uint8)
        Path(f"{stem}_{name}.png").write_bytes(imagecodecs.png_encode(frame, level=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=Path, required=True, help="folder of HDR panoramas with a manifest.csv")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--scenes", type=int, default=60)
    parser.add_argument("--frames", type=int, default=3, help="frames of a sequence")
    parser.add_argument("--size", default="1900x1060")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    width, height = map(int, given.size.split("x"))
    given.out.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(given.workers) as pool:
        work = [
            pool.submit(write_shot, shot, given.out, (width, height), given.seed)
            for shot in shots(usable_panoramas(given.source), given.scenes, given.frames)
        ]
        for shot in work:
            shot.result()
    print(f"{given.scenes} scenes of {width}x{height} px in {given.out}")


if __name__ == "__main__":
    main()
