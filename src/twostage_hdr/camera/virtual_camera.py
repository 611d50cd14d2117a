"""The virtual camera: an ordinary 8-bit photograph of an HDR scene."""

import numpy as np

from twostage_hdr.camera.exposure import ClippedShareExposure
from twostage_hdr.camera.jpeg import Jpeg
from twostage_hdr.camera.noise import SensorNoise
from twostage_hdr.camera.quantization import quantize_8bit
from twostage_hdr.camera.response import GammaResponse, SigmoidResponse
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB


class VirtualCamera:
    """Expose, add noise, clip, encode, round, compress: the degradation that the network undoes.

        scene --x scale--> [noise] --> clip to [0, 1] --> response --> 8 bits --> [JPEG] --> LDR
                  ^ expose                                                          capture ^

    The two steps are apart because the reference images live between them: linear, on the scale where 1.0 clips.
    All randomness comes from the generator that is handed in, so a seeded generator freezes the photograph.

    Args:
        exposure: chooses the scale.
        response: linear [0, 1] to encoded [0, 1].
        noise: sensor noise, or None for a perfect sensor.
        jpeg: compression, or None for none.
    """

    def __init__(
        self,
        *,
        exposure: ClippedShareExposure,
        response: GammaResponse | SigmoidResponse,
        noise: SensorNoise | None = None,
        jpeg: Jpeg | None = None,
    ) -> None:
        self.exposure = exposure
        self.response = response
        self.noise = noise
        self.jpeg = jpeg

    def expose(self, linear: LinearRGB, rng: np.random.Generator) -> float:
        """The factor, > 0, that puts the scene (3, H, W) on the scale where 1.0 is the clipping point."""
        return self.exposure.scale(linear, rng)

    def capture(self, linear: LinearRGB, rng: np.random.Generator) -> EncodedRGB:
        """Photograph (3, H, W) linear values, 1.0 = clipping point; the LDR frame holds exactly k/255, k = 0..255."""
        exposed = linear if self.noise is None else self.noise(linear, rng)
        ldr = quantize_8bit(self.response(exposed.clamp(0, 1), rng))
        return ldr if self.jpeg is None else self.jpeg(ldr, rng)
