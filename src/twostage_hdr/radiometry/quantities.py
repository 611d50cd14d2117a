"""Names for what a tensor holds: unit and range beside the shape.

jaxtyping checks shape and dtype (in the tests, through beartype); ranges are checked once, where data enters.
"""

from typing import TypeAlias

from jaxtyping import Float
from torch import Tensor

EncodedRGB: TypeAlias = Float[Tensor, "*batch 3 height width"]
"""RGB encoded with a gamma (2.24 in HdM), >= 0; 1.0 is the clipping point of the LDR frame; may exceed 1."""

Frames: TypeAlias = Float[Tensor, "*frames 3 height width"]
"""What a network sees: LDR frames, encoded, or stacks of exposures (`exposure_stack.ExposureStack`)."""

LinearRGB: TypeAlias = Float[Tensor, "*batch 3 height width"]
"""Relative linear RGB (Rec. 709 primaries), >= 0; 1.0 is the clipping point (the white) of the LDR frame."""

RelativeLuminance: TypeAlias = Float[Tensor, "*batch 1 height width"]
"""Relative linear luminance, >= 0, on the scale of the LinearRGB it came from."""

Luminance: TypeAlias = Float[Tensor, "*shape"]
"""Absolute luminance in cd/m^2, >= 0."""

Lab: TypeAlias = Float[Tensor, "*batch 3 height width"]
"""CIELAB, D65: L* in [0, 100]."""

PerImage: TypeAlias = Float[Tensor, "batch"]
"""One number per image of a batch."""
