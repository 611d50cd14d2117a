"""The virtual camera: an ordinary 8-bit photograph of an HDR scene."""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from torch import Tensor

from twostage_hdr.camera.jpeg import quantize_8bit
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB

Step = Callable[[Tensor, np.random.Generator], Tensor]
"""A part of the camera, (3, H, W) to (3, H, W); what is random in it comes from the generator."""


@runtime_checkable
class Exposure(Protocol):
    """Chooses what clips."""

    def scale(self, linear: LinearRGB, rng: np.random.Generator) -> float:
        """The factor, > 0, that puts the scene (3, H, W) on the scale where 1.0 clips."""


class VirtualCamera:
    """Expose, add noise, clip, encode, round, compress: the degradation that the network undoes.

        scene --x scale--> [noise] --> clip to [0, 1] --> [processing] --> response --> [finishing] --> 8 bits
                  ^ expose                                                                    capture: [JPEG] --> LDR

    The two steps are apart because the reference images live between them: linear, on the scale where 1.0 clips.
    All randomness comes from the generator that is handed in, so a seeded generator freezes the photograph.

    Args:
        exposure: chooses the scale.
        response: linear [0, 1] to encoded [0, 1].
        noise: sensor noise, or None for a perfect sensor.
        jpeg: compression, or None for none.
        processing: steps on clipped linear values in [0, 1], in this order.
        finishing: steps on encoded values in [0, 1].
    """

    def __init__(
        self,
        *,
        exposure: Exposure,
        response: Step,
        noise: Step | None = None,
        jpeg: Step | None = None,
        processing: Sequence[Step] = (),
        finishing: Sequence[Step] = (),
    ) -> None:
        self.exposure = exposure
        self.response = response
        self.noise = noise
        self.jpeg = jpeg
        self.processing, self.finishing = tuple(processing), tuple(finishing)

    def expose(self, linear: LinearRGB, rng: np.random.Generator) -> float:
        """The factor, > 0, that puts the scene (3, H, W) on the scale where 1.0 is the clipping point."""
        return self.exposure.scale(linear, rng)

    def capture(self, linear: LinearRGB, rng: np.random.Generator) -> EncodedRGB:
        """Photograph (3, H, W) linear values, 1.0 = clipping point; the LDR frame holds exactly k/255, k = 0..255."""
        exposed = linear if self.noise is None else self.noise(linear, rng)
        light = exposed.clamp(0, 1)
        for step in self.processing:
            light = step(light, rng)
        encoded = self.response(light, rng)
        for step in self.finishing:
            encoded = step(encoded, rng)
        ldr = quantize_8bit(encoded)
        return ldr if self.jpeg is None else self.jpeg(ldr, rng)
