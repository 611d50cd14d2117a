"""What is compared: each makes one HDR image of all frames."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from experiments.multi_shot.brackets import STOPS
from twostage_hdr.data.triple import Triple
from twostage_hdr.evaluation.methods import BracketMethod, SeveralShotsMethod
from twostage_hdr.imaging.pixel_arrays import LinearPixels, PreviewPixels
from twostage_hdr.inference.bracket.reconstruct_bracket import Bracket, BracketOptions, merge_bracket
from twostage_hdr.inference.bracket.response import gamma_response
from twostage_hdr.inference.reconstruct import Reconstructor
from twostage_hdr.radiometry.exposure_stack import ExposureStack, stack_exposures
from twostage_hdr.radiometry.gamma import HDM_GAMMA
from twostage_hdr.radiometry.quantities import LinearRGB

MTB_BITS = 4
"""Halvings of a frame of 256 px: shifts of up to 16 px. At OpenCV's 6 bitmaps of 4x6 px agree by chance, even frames
at rest are shifted by up to 47 px."""

MIDDLE = 128
"""Code whose light is known and sets a recovered response's scale: that of white is not recovered well."""

KNOWN = np.repeat(gamma_response()[:, None, None], 3, axis=2)
"""As OpenCV has a response. Its merge takes the logarithm, so black is not quite zero."""
KNOWN[0] = KNOWN[1]


@dataclass(frozen=True, kw_only=True)
class OpenCvMerge(BracketMethod):
    """OpenCV's response, merge (`Debevec` [debevec1997] or `Robertson` [robertson2003]) and alignment."""

    name: str
    title: str
    kind: str
    known: bool = False
    """Whether the response is given, as it is to our merge, rather than recovered."""

    def reconstruct(self, ldr: ExposureStack, *, scene: str) -> LinearRGB:
        images = mtb_aligned(frames(ldr))
        times = np.array([2.0**stop for stop in STOPS], np.float32)
        calibrate, merge = (getattr(cv2, f"create{part}{self.kind}")() for part in ("Calibrate", "Merge"))
        response = KNOWN if self.known else calibrate.process(images, times)
        scale = (MIDDLE / 255) ** HDM_GAMMA / response[MIDDLE]
        return to_tensor(merge.process(images, times, response) * scale)


@dataclass(frozen=True, kw_only=True)
class OurMerge(BracketMethod):
    """`reconstruct --bracket` on the first frames; response 2.24 known."""

    name: str
    title: str
    count: int
    reconstructor: Reconstructor = field(repr=False)

    def reconstruct(self, ldr: ExposureStack, *, scene: str) -> LinearRGB:
        return to_tensor(np.concatenate(list(merged(ldr, self.count).rows(self.reconstructor))))


@dataclass(frozen=True, kw_only=True, eq=False)
class AlignedNetwork(SeveralShotsMethod):
    """A network of several shots on frames that are aligned as our merge's are."""

    def reconstruct(self, ldr: ExposureStack, *, scene: str) -> LinearRGB:
        images = list(ldr[:, 0])  # one that cannot be aligned stays as it is
        for frame in merged(ldr, len(STOPS)).frames:
            place = int(np.argmin(np.abs(np.log2(frame.gain) - np.array(STOPS))))
            images[place] = torch.from_numpy(frame.pixels).permute(2, 0, 1) / 255
        return super().reconstruct(stack_exposures(images, STOPS), scene=scene)


def mertens_psnr(still: Triple, moved: Triple) -> float:
    """PSNR of exposure fusion [mertens2009fusion] against that of the frames at rest: it has no scale of light."""
    fuse = cv2.createMergeMertens()
    wanted, given = (np.clip(fuse.process(mtb_aligned(frames(triple.ldr))), 0, 1) for triple in (still, moved))
    return float(-10 * np.log10(np.mean((wanted - given) ** 2)))


def frames(ldr: ExposureStack) -> list[PreviewPixels]:
    """The frames as files would hold them, the reference first."""
    codes = (ldr[:, 0] * 255).round().to(torch.uint8).permute(0, 2, 3, 1)
    return [np.ascontiguousarray(frame) for frame in codes.numpy()]


def mtb_aligned(images: Sequence[PreviewPixels]) -> list[PreviewPixels]:
    """OpenCV's median threshold bitmaps [ward2003mtb], to the first frame."""
    grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in images]
    mtb = cv2.createAlignMTB(MTB_BITS)
    return [mtb.shiftMat(image, mtb.calculateShift(grey[0], other)) for image, other in zip(images, grey, strict=True)]


def merged(ldr: ExposureStack, count: int) -> Bracket:
    """The first frames, aligned and merged."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{place}.png" for place in range(count)]
        for path, image in zip(paths, frames(ldr), strict=False):
            Image.fromarray(image).save(path)
        return merge_bracket(paths, BracketOptions(stops=STOPS[:count], reference="1", gamma=2.24))


def to_tensor(linear: LinearPixels) -> Tensor:
    """(H, W, 3) to (3, H, W)."""
    return torch.from_numpy(np.ascontiguousarray(linear.transpose(2, 0, 1))).float()
