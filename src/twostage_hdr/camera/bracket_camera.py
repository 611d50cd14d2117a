"""The virtual camera taking all frames of a bracket, from a tripod or in the hand, or one frame of it."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
import torch

from twostage_hdr.camera.exposure import ClippedShareExposure
from twostage_hdr.camera.jpeg import Jpeg
from twostage_hdr.camera.noise import SensorNoise
from twostage_hdr.camera.response import GammaResponse
from twostage_hdr.camera.virtual_camera import VirtualCamera
from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.exposure_stack import ExposureStack, stack_exposures
from twostage_hdr.radiometry.quantities import LinearRGB


class BracketedExposure(ClippedShareExposure):
    """A medium exposure by its share of clipped pixels, then at random one frame of a bracket around it.

    Table 2 of [sharif2021twostage] draws the frame from short, medium and long; in HdM these are two stops apart
    [ntire2021hdr].

    Args:
        low: smallest share of pixels that clip in the medium frame, in [0, 1].
        high: largest share, in [low, 1].
        stops: of the frames, relative to the medium one; all are equally probable.
    """

    def __init__(self, *, low: float = 0.01, high: float = 0.20, stops: Sequence[float] = (-2.0, 0.0, 2.0)) -> None:
        super().__init__(low=low, high=high)
        if not stops or not all(math.isfinite(stop) for stop in stops):
            raise InputError("camera.exposure", f"stops={list(stops)}", "give one number of stops for each frame")
        self.stops = tuple(float(stop) for stop in stops)

    def scale(self, linear: LinearRGB, rng: np.random.Generator) -> float:
        """The factor to multiply `linear` (3, H, W) with, > 0 and finite."""
        medium = super().scale(linear, rng)
        return medium * 2.0 ** self.stops[rng.integers(len(self.stops))]


class BracketMotion:
    """What moves between two frames: the hand, and a patch of the scene that lies elsewhere.

    Args:
        shift: standard deviation of the hand's movement, px, in each direction.
        turn: of its rotation, degrees.
        patch: side of the patch, as a share of the image's shorter side; 0 for none.
        travel: largest distance that the patch moves, as a share of that side.
    """

    def __init__(self, *, shift: float = 1.0, turn: float = 0.05, patch: float = 0.25, travel: float = 0.1) -> None:
        if min(shift, turn, patch, travel) < 0 or patch > 1:
            seen = f"shift={shift}, turn={turn}, patch={patch}, travel={travel}"
            raise InputError("camera.motion", seen, "give numbers of 0 and more, a patch of 1 at most")
        self.shift, self.turn, self.patch, self.travel = shift, turn, patch, travel

    def __call__(self, linear: LinearRGB, rng: np.random.Generator) -> LinearRGB:
        """The scene (3, H, W) as it is one frame later."""
        pixels = np.ascontiguousarray(linear.permute(1, 2, 0).numpy())
        height, width = pixels.shape[:2]
        side, reach = round(self.patch * min(height, width)), self.travel * min(height, width)
        top, left = (int(rng.integers(0, length - side + 1)) for length in (height, width))
        down, across = (round(reach * float(rng.uniform(-1, 1))) for _ in range(2))
        if side:
            to = int(np.clip(top + down, 0, height - side)), int(np.clip(left + across, 0, width - side))
            cut = pixels[top : top + side, left : left + side].copy()
            pixels[to[0] : to[0] + side, to[1] : to[1] + side] = cut
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.normal(0, 1)) * self.turn, 1.0)
        turn = turn + np.array([[0, 0, 1], [0, 0, 1]]) * self.shift * rng.normal(0, 1, (2, 1))
        moved = cv2.warpAffine(pixels, turn, (width, height), borderMode=cv2.BORDER_REFLECT)
        return torch.from_numpy(moved.reshape(pixels.shape)).permute(2, 0, 1).contiguous()


class BracketCamera(VirtualCamera):
    """Takes every frame of a bracket of the scene that the reference frame shows.

    Args:
        exposure: of the reference frame.
        response: known, since the frames are put on one scale with it; gamma 2.24.
        stops: of the frames relative to the reference, which comes first with 0.
        noise, jpeg: see `VirtualCamera`.
        motion: what moves between the reference and each other frame; None for a tripod and a scene at rest.
    """

    def __init__(
        self,
        *,
        exposure: ClippedShareExposure,
        response: GammaResponse,
        stops: Sequence[float] = (0.0, -2.0, 2.0),
        noise: SensorNoise | None = None,
        jpeg: Jpeg | None = None,
        motion: BracketMotion | None = None,
    ) -> None:
        super().__init__(exposure=exposure, response=response, noise=noise, jpeg=jpeg)
        if not stops or stops[0] != 0 or not all(math.isfinite(stop) for stop in stops):
            raise InputError("camera.stops", f"{list(stops)}", "give the reference's 0 first, then the other frames")
        self.stops, self.motion = tuple(float(stop) for stop in stops), motion

    def capture(self, linear: LinearRGB, rng: np.random.Generator) -> ExposureStack:
        """All frames of (3, H, W) linear values, 1.0 = clipping point of the reference, which shows them unmoved."""
        frames = []
        for place, stop in enumerate(self.stops):
            seen = linear if place == 0 or self.motion is None else self.motion(linear, rng)
            frames.append(super().capture(seen * 2.0**stop, rng))
        return stack_exposures(frames, self.stops)
