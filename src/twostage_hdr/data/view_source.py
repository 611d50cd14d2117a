"""Photographic views of a folder of HDR images for training; whole frames, as ever, for validation and test."""

from collections.abc import Mapping

import numpy as np

from twostage_hdr.camera.virtual_camera import VirtualCamera
from twostage_hdr.data.capture import capture_triple
from twostage_hdr.data.hdr_folder import HdrFolderSource
from twostage_hdr.data.photographic_views import ViewSettings, draw_view
from twostage_hdr.data.scene import Scene
from twostage_hdr.data.triple import Triple, channels_first
from twostage_hdr.data.window import Window
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.hdr import read_hdr
from twostage_hdr.radiometry.photometry import REFERENCE_CAP


class ViewSource(HdrFolderSource):
    """An `HdrFolderSource` whose training samples are whole pictures of varied sizes instead of crops.

    Args:
        root, camera, cap, panoramas, cache_mb, exclude: see `HdrFolderSource`; the camera of validation and test.
        cameras: of the training's views, by name; one is drawn for each view.
        shares: how often each, relative to the others.
        views: what views are drawn.

    Raises:
        InputError: as `HdrFolderSource`; cameras and shares that do not fit.
    """

    def __init__(
        self,
        *,
        root: str,
        camera: VirtualCamera,
        cameras: Mapping[str, VirtualCamera],
        shares: Mapping[str, float],
        views: ViewSettings,
        cap: float = REFERENCE_CAP,
        panoramas: bool = True,
        cache_mb: int = 1024,
        exclude: str | None = None,
    ) -> None:
        super().__init__(root=root, camera=camera, cap=cap, panoramas=panoramas, cache_mb=cache_mb, exclude=exclude)
        if set(cameras) != set(shares) or min(shares.values(), default=0) < 0 or not sum(shares.values()):
            raise InputError(f"data.source.shares={dict(shares)}", f"give one share >= 0 for each of {sorted(cameras)}")
        self.cameras, self.views = dict(cameras), views
        total = sum(shares.values())
        self.shares = {name: share / total for name, share in shares.items()}

    def triple(self, scene: Scene, rng: np.random.Generator, window: Window | None) -> Triple:
        """The whole frame, or (with any window) a view; its `scene` is then "camera/scene"."""
        if window is None:
            return super().triple(scene, rng, None)
        linear = self._cache.get(f"whole {scene.id}", lambda: channels_first(read_hdr(self.root / scene.id).pixels))
        panorama = self.is_panorama(scene, *linear.shape[-2:])
        view = draw_view(linear, rng, self.views, panorama=panorama, sky_only=self.is_sky_only(scene))
        name = str(rng.choice(list(self.shares), p=list(self.shares.values())))
        return capture_triple(view, self.cameras[name], rng, window=None, cap=self.cap, scene=f"{name}/{scene.id}")
