"""A real exposure bracket as a scene with a reference: merged from all of its frames, in the scale of one of them."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import ExifTags, Image

from twostage_hdr.data.triple import Triple
from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.exposure import CLIPPING_THRESHOLD
from twostage_hdr.radiometry.gamma import encode_gamma
from twostage_hdr.radiometry.photometry import REFERENCE_CAP

CLIPPED = (0.01, 0.20)
"""Share of clipped pixels of a frame that is reconstructed, as the virtual cameras draw it."""
SUFFIXES = (".jpg", ".jpeg")
SAMPLES, SMOOTHNESS = 400, 50.0
"""Pixels and weight of smoothness of the response's recovery: OpenCV's 70 and 10 leave its bright end noisy."""


@dataclass(frozen=True)
class Bracket:
    """Frames of one scene, from the shortest exposure to the longest.

    Attributes:
        names: of the files.
        frames: 8-bit RGB, (height, width, 3), as the camera encoded them.
        seconds: exposure times.
    """

    names: list[str]
    frames: list[UInt8[np.ndarray, "height width 3"]]
    seconds: list[float]


def read_bracket(folder: Path) -> Bracket:
    """The JPEGs of a folder, with the exposure times in their EXIF.

    Raises:
        InputError: fewer than two frames, frames of different sizes, or one without an exposure time.
    """
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)
    read: list[tuple[float, str, np.ndarray]] = []
    for file in files:
        with Image.open(file) as image:
            told = image.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.ExposureTime)
            if not told:
                raise InputError(file, "no exposure time in its EXIF", "a bracket's frames need one")
            read.append((float(told), file.name, np.array(image.convert("RGB"))))
    read.sort(key=lambda frame: frame[0])
    if len(read) < 2 or len({frame.shape for _, _, frame in read}) > 1:
        raise InputError(folder, f"{len(read)} JPEGs", "give two or more of one size")
    seconds, names, frames = zip(*read, strict=True)
    return Bracket(list(names), list(frames), list(seconds))


def radiance(bracket: Bracket) -> tuple[Float[np.ndarray, "height width 3"], Float[np.ndarray, "256 3"]]:
    """The scene's light, and the light that each code stands for in a second, both in the same unit [debevec1997].

    Response and merging are OpenCV's; each channel's light is 1 at code 128, so middle grey is grey.
    """
    times = np.array(bracket.seconds, dtype=np.float32)
    response = cv2.createCalibrateDebevec(SAMPLES, SMOOTHNESS).process(bracket.frames, times)
    merged = cv2.createMergeDebevec().process(bracket.frames, times, response)
    return merged, response[:, 0, :]


def scenes(bracket: Bracket, *, cap: float = REFERENCE_CAP) -> list[Triple]:
    """A triple of each frame that clips 1 to 20 % and has a shorter one, which says what it lost."""
    light, response = radiance(bracket)
    threshold = round(CLIPPING_THRESHOLD * 255)
    triples = []
    for name, frame, seconds in zip(bracket.names[1:], bracket.frames[1:], bracket.seconds[1:], strict=True):
        share = float((frame.max(axis=2) >= threshold).mean())
        if not CLIPPED[0] <= share <= CLIPPED[1]:
            continue
        ldr = torch.from_numpy(frame).permute(2, 0, 1).float() / 255
        white = float(np.median(response[threshold]))  # of the channels: one scale, no cast
        linear = torch.from_numpy(light * np.float32(seconds / white)).permute(2, 0, 1)
        reference16 = encode_gamma(linear).clamp(max=cap)
        triples.append(Triple(ldr, reference16.clamp(max=1), reference16, Path(name).stem, torch.tensor(seconds)))
    return triples
