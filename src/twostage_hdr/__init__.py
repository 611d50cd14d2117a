"""Two-Stage HDR: a high dynamic range image from one ordinary exposure.

from twostage_hdr import reconstruct
hdr = reconstruct("photo.jpg")    # (height, width, 3) float32, linear, 1.0 = the photograph's white

`reconstruct_bracket(["a.jpg", "b.jpg", "c.jpg"])` does the same from several exposures.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twostage_hdr.inference.bracket.reconstruct_bracket import reconstruct_bracket
    from twostage_hdr.inference.reconstruct import reconstruct
    from twostage_hdr.inference.weights import load_weights as load_model

__version__ = "0.1.0"
__all__ = ["__version__", "load_model", "reconstruct", "reconstruct_bracket"]


def __getattr__(name: str) -> Any:
    """The functions are imported on first use, so that `import twostage_hdr` costs nothing."""
    if name == "reconstruct":
        from twostage_hdr.inference.reconstruct import reconstruct

        return reconstruct
    if name == "reconstruct_bracket":
        from twostage_hdr.inference.bracket.reconstruct_bracket import reconstruct_bracket

        return reconstruct_bracket
    if name == "load_model":
        from twostage_hdr.inference.weights import load_weights

        return load_weights
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
