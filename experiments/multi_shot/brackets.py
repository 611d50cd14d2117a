"""Three frames of a scene, at rest and in motion, whose light is known."""

import json
import zlib
from pathlib import Path

import numpy as np

from twostage_hdr.camera.bracket_camera import BracketCamera, BracketMotion
from twostage_hdr.camera.exposure import ClippedShareExposure
from twostage_hdr.camera.noise import SensorNoise
from twostage_hdr.camera.response import GammaResponse
from twostage_hdr.data.capture import capture_triple
from twostage_hdr.data.hdr_folder import HdrFolderSource
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.triple import Triple
from twostage_hdr.radiometry.photometry import REFERENCE_CAP

STOPS = (0.0, -2.0, 2.0)
"""Of the frames, the reference first: HdM's exposures."""
HEIGHT, WIDTH = 256, 384
"""Of the middle of a scene that is scored, px."""


def camera(*, motion: bool) -> BracketCamera:
    """HdM's response and exposures, with the sensor's noise; in motion a hand that shakes and a patch that moves."""
    return BracketCamera(
        exposure=ClippedShareExposure(low=0.05, high=0.20),
        response=GammaResponse(),
        noise=SensorNoise(),
        stops=STOPS,
        motion=BracketMotion(shift=3.0, turn=0.1, patch=0.3, travel=0.3) if motion else None,
    )


def bracket(source: HdrFolderSource, scene: Scene, *, motion: bool) -> Triple:
    """The middle of a scene; the reference frame is the same with and without motion."""
    linear = source.read(scene)
    top, left = (max(side - wanted, 0) // 2 for side, wanted in zip(linear.shape[-2:], (HEIGHT, WIDTH), strict=True))
    part = linear[:, top : top + HEIGHT, left : left + WIDTH]
    rng = np.random.default_rng(zlib.crc32(scene.id.encode()))
    return capture_triple(part, camera(motion=motion), rng, window=None, cap=REFERENCE_CAP, scene=scene.id)


def scenes_of(source: HdrFolderSource, splits: Path, part: str = "test") -> list[Scene]:
    """Those of a part of a file of splits."""
    wanted = set(json.loads(splits.read_text(encoding="utf-8"))[part])
    return [scene for scene in source.scenes() if scene.id in wanted]
