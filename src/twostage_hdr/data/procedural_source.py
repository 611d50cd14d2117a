"""Generated HDR scenes as a source of triples: the embedded default, which needs no download."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from twostage_hdr.camera.virtual_camera import VirtualCamera
from twostage_hdr.data.capture import REFERENCE_CAP, capture_triple
from twostage_hdr.data.image_cache import ImageCache
from twostage_hdr.data.procedural.scene import render_scene
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.triple import Triple
from twostage_hdr.data.window import Window


class ProceduralSource:
    """Skies, lamps, windows, textured and shaded surfaces, drawn anew from a seed; each scene is its own place.

    Args:
        camera: makes the LDR frame.
        count: number of different scenes.
        height: rows of a scene in px.
        width: columns of a scene in px.
        seed: of the scenes' contents.
        cap: highest encoded value of the references, see `REFERENCE_CAP`.
        cache_mb: memory for rendered scenes in each process, in MiB.
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
        self.camera, self.cap, self.seed = camera, cap, seed
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
