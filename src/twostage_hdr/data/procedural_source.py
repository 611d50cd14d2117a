"""Generated HDR scenes as a source of triples: the embedded default, which needs no download."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from twostage_hdr.boundary.pixel_limit import most_megapixels
from twostage_hdr.camera.virtual_camera import VirtualCamera
from twostage_hdr.data.capture import capture_triple, checked_cap
from twostage_hdr.data.image_cache import ImageCache
from twostage_hdr.data.procedural.interior import render_interior
from twostage_hdr.data.procedural.light import lens_glow
from twostage_hdr.data.procedural.night_street import render_night_street
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.triple import Triple
from twostage_hdr.data.window import Window
from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.photometry import REFERENCE_CAP
from twostage_hdr.radiometry.quantities import LinearRGB

SCENE_KINDS = (render_night_street, render_interior)
"""Renderers (height, width, rng) -> (3, H, W); both are drawn equally often."""

MOST_SCENES = 1_000_000
"""Their names alone take some 300 MB."""

LARGEST_SIDE = 32_766
"""Pixels that OpenCV can resample."""
_RENDERING_BYTES = 200
"""Memory for a pixel while it is drawn."""

SMALLEST_SIDE = 16
"""Pixels below which the renderers' grids are empty."""


def render_scene(*, height: int, width: int, rng: np.random.Generator) -> LinearRGB:
    """A random scene (3, height, width): relative linear radiance, >= 0, finite, over 10 to 18 stops.

    The scale is arbitrary: an exposure has to choose what clips. The same state of `rng` gives the same bytes.

    Raises:
        InputError: a side is shorter than 16 pixels.
    """
    if min(height, width) < SMALLEST_SIDE:
        raise InputError("data.procedural", f"{height}x{width} pixels", f"give sides of {SMALLEST_SIDE} or more")
    render = SCENE_KINDS[int(rng.integers(len(SCENE_KINDS)))]
    picture = lens_glow(render(height, width, rng), share=float(10 ** rng.uniform(-2.5, -1.7)))
    return torch.from_numpy(np.ascontiguousarray(np.maximum(picture, 0), dtype=np.float32))


class ProceduralSource:
    """Rooms with a window and streets at night, drawn anew from a seed; each scene is its own place.

    Args:
        camera: makes the LDR frame.
        count: number of different scenes.
        height: rows of a scene in px.
        width: columns of a scene in px.
        seed: of the scenes' contents.
        cap: highest encoded value of the references, see `REFERENCE_CAP`.
        cache_mb: memory for rendered scenes in each process, in MiB.

    Raises:
        InputError: more scenes or pixels than this machine can hold.
    """

    def __init__(
        self,
        *,
        camera: VirtualCamera,
        count: int = 200,
        height: int = 320,
        width: int = 480,
        seed: int = 0,
        cap: float = REFERENCE_CAP,
        cache_mb: int = 1024,
    ) -> None:
        if count > MOST_SCENES or seed < 0:
            seen = f"count={count}, seed={seed}"
            raise InputError("data.source", seen, f"give at most {MOST_SCENES} scenes and a seed of 0 or more")
        if max(width, height) > LARGEST_SIDE or width * height > most_megapixels(_RENDERING_BYTES) * 1e6:
            raise InputError("data.source", f"{width}x{height} px, more than can be drawn here", "give smaller sides")
        self.camera, self.cap, self.seed = camera, checked_cap(cap), seed
        self.height, self.width = height, width
        self._scenes = [Scene(f"procedural_{number:05d}", f"procedural_{number:05d}") for number in range(count)]
        self._cache = ImageCache(megabytes=cache_mb)

    def scenes(self) -> Sequence[Scene]:
        """`count` scenes, no two of one group."""
        return self._scenes

    def triple(self, scene: Scene, rng: np.random.Generator, window: Window | None) -> Triple:
        """Photographs the scene, or a window of it."""
        linear = self._cache.get(scene.id, lambda: self.read(scene))
        return capture_triple(linear, self.camera, rng, window=window, cap=self.cap, scene=scene.id)

    def read(self, scene: Scene) -> Tensor:
        """The scene, relative linear RGB (3, height, width)."""
        rng = np.random.default_rng([self.seed, int(scene.id.rsplit("_", 1)[1])])
        return render_scene(height=self.height, width=self.width, rng=rng)
