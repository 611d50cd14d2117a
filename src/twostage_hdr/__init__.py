"""Two-Stage HDR: a high dynamic range image from one ordinary exposure.

from twostage_hdr import reconstruct
hdr = reconstruct("photo.jpg")    # (height, width, 3) float32, linear, 1.0 = the photograph's white
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twostage_hdr.inference.reconstruct import reconstruct
    from twostage_hdr.inference.weights import load_weights as load_model

__version__ = "0.1.0"
__all__ = ["__version__", "load_model", "reconstruct"]


def __getattr__(name: str) -> Any:
    """The two functions are imported on first use, so that `import twostage_hdr` costs nothing."""
    if name == "reconstruct":
        from twostage_hdr.inference.reconstruct import reconstruct

        return reconstruct
    if name == "load_model":
        from twostage_hdr.inference.weights import load_weights

        return load_weights
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
