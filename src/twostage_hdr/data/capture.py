"""From a linear HDR image to a triple, through the virtual camera."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from twostage_hdr.camera.virtual_camera import VirtualCamera
from twostage_hdr.data.triple import Triple
from twostage_hdr.data.window import Window, fill
from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.gamma import HDM_GAMMA, encode_gamma


def checked_cap(cap: float) -> float:
    """The highest encoded value of a source's references.

    Raises:
        InputError: not a number above 0, with which every reference would be black.
    """
    if not 0 < cap < math.inf:  # NaN, too
        raise InputError(f"data.source.cap={cap}", "not an encoded value above 0", "give one, or leave it out")
    return cap


def capture_triple(
    linear: Float[Tensor, "3 height width"],
    camera: VirtualCamera,
    rng: np.random.Generator,
    *,
    window: Window | None,
    cap: float,
    scene: str,
) -> Triple:
    """Photographs a scene: exposure is set on the whole image, the frame is taken of the window alone.

    Args:
        linear: the scene, relative linear RGB >= 0.
        camera: exposure, response, noise, quantisation.
        rng: everything random is drawn from it.
        window: the part to return; None for the whole image.
        cap: highest encoded value of `reference16`.
        scene: the scene's id.
    """
    scale = camera.expose(linear, rng)
    if window is not None:
        rows, columns = window.region(*linear.shape[-2:], zoom=True)
        linear = _resample(linear[:, rows, columns], window.crop)
    exposed = linear * scale
    reference16 = encode_gamma(exposed).clamp(max=cap)
    # Far above the clipping point all values clip; the cap keeps them from overflowing.
    ldr = camera.capture(exposed.clamp(max=cap**HDM_GAMMA), rng)
    return Triple(ldr, reference16.clamp(max=1.0), reference16, scene, torch.tensor(scale, dtype=torch.float32))


def _resample(linear: Float[Tensor, "3 height width"], crop: int) -> Float[Tensor, "3 side1 side2"]:
    """A larger region averaged down to the crop in linear light; a smaller image continued by its edges."""
    if min(linear.shape[-2:]) > crop:
        linear = F.interpolate(linear[None], size=(crop, crop), mode="area")[0]
    return fill(linear, crop)
