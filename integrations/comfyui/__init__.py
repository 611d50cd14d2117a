"""ComfyUI nodes: photographs or video frames in, linear HDR images, exposures and HDR files out."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from twostage_hdr.imaging.formats import formats_of_images
from twostage_hdr.imaging.pixel_arrays import row_bands
from twostage_hdr.inference.reconstruct import ReconstructOptions, Reconstructor, load_reconstructor
from twostage_hdr.inference.result_files import Result, result_files, result_paths
from twostage_hdr.radiometry.srgb import srgb_encode

CATEGORY = "Two-Stage HDR"
RESPONSES = ["declared", "estimated", "2.24"]
PRECISIONS = ["fp32", "bf16", "auto"]
FORMATS = formats_of_images()


@lru_cache(maxsize=2)
def _reconstructor(weights: str, response: str, lights: float, precision: str) -> Reconstructor:
    """Kept between runs of a workflow; lights below 0.1 stand for the weights' own choice."""
    chosen = lights if lights >= 0.1 else None
    options = ReconstructOptions(response=response, lights=chosen, precision=precision)
    return load_reconstructor(weights or None, options)


def _pixels(image: torch.Tensor) -> np.ndarray:
    """An image of ComfyUI, (height, width, 3 or 4) in [0, 1], as RGB with 16 bits: levels of 8 bits stay exact."""
    return (image[..., :3].clamp(0, 1) * 65535).round().cpu().numpy().astype(np.uint16)


def _with_progress(frames: torch.Tensor) -> Iterator[torch.Tensor]:
    """The frames; ComfyUI's bar moves after each, which is also where its Cancel button ends the run."""
    try:
        from comfy.utils import ProgressBar  # ComfyUI's own module
    except ImportError:
        yield from frames
        return
    bar = ProgressBar(len(frames))
    for frame in frames:
        yield frame
        bar.update(1)


class Reconstruct:
    """Photograph(s), sRGB, to linear HDR image(s): 1.0 is the photograph's white, lights lie above it."""

    CATEGORY = CATEGORY
    FUNCTION = "run"
    RETURN_TYPES = ("IMAGE",)
    RETURN_NAMES = ("linear_hdr",)
    DESCRIPTION = "Reconstructs a linear HDR image from one photograph, or from each frame of a video."

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802 - ComfyUI's name
        """The node's inputs and widgets."""
        return {
            "required": {
                "image": ("IMAGE",),
                "response": (RESPONSES, {"default": "declared"}),
                "lights": (
                    "FLOAT",
                    {"default": 0.0, "min": 0.0, "max": 0.9, "step": 0.05, "tooltip": "0: chosen by the weights"},
                ),
                "precision": (PRECISIONS, {"default": "auto"}),
            },
            "optional": {"weights": ("STRING", {"default": "", "tooltip": "empty: the package's own"})},
        }

    def run(
        self, image: torch.Tensor, response: str, lights: float, precision: str, weights: str = ""
    ) -> tuple[torch.Tensor]:
        """(batch, height, width, 3 or 4) in [0, 1] to (batch, height, width, 3), linear; alpha is left out."""
        reconstructor = _reconstructor(weights, response, lights, precision)
        frames = _with_progress(image)
        return (torch.stack([torch.from_numpy(reconstructor.image(_pixels(frame))) for frame in frames]),)


class Expose:
    """Linear HDR image(s) as a camera with that exposure would show them: sRGB in [0, 1], for previews."""

    CATEGORY = CATEGORY
    FUNCTION = "run"
    RETURN_TYPES = ("IMAGE",)
    DESCRIPTION = "Lowers or raises the exposure of a linear HDR image and encodes it as sRGB."

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        """The node's inputs and widgets."""
        stops = {"default": -2.0, "min": -12.0, "max": 12.0, "step": 0.5}
        return {"required": {"linear_hdr": ("IMAGE",), "stops": ("FLOAT", stops)}}

    def run(self, linear_hdr: torch.Tensor, stops: float) -> tuple[torch.Tensor]:
        """Of the same shape."""
        return (srgb_encode((linear_hdr * 2.0**stops).clamp(0, 1)),)


class Save:
    """Writes linear HDR image(s) as files in ComfyUI's output folder, numbered from 00001."""

    CATEGORY = CATEGORY
    FUNCTION = "run"
    RETURN_TYPES: ClassVar[tuple[str, ...]] = ()
    OUTPUT_NODE = True
    DESCRIPTION = "Writes OpenEXR, Ultra HDR and other HDR files."

    def __init__(self, directory: Path | None = None) -> None:
        self.directory = directory

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        """The node's inputs and widgets."""
        return {
            "required": {
                "linear_hdr": ("IMAGE",),
                "format": (FORMATS, {"default": "exr"}),
                "name": ("STRING", {"default": "hdr"}),
            }
        }

    def run(self, linear_hdr: torch.Tensor, format: str, name: str) -> dict[str, Any]:
        """The names of the written files, for the page."""
        directory = self.directory or _output_directory()
        written = []
        for image in linear_hdr:
            stem = _free_stem(directory, Path(name).name, format)
            pixels = np.ascontiguousarray(image.cpu().numpy(), np.float32)
            height, width = pixels.shape[:2]
            with result_files(directory, stem, [format], Result(width=width, height=height)) as files:
                for rows in row_bands(height):
                    files.write_rows(pixels[rows])
            written += [path.name for path in result_paths(directory, stem, [format])]
        return {"ui": {"text": written}}


def _free_stem(directory: Path, name: str, format: str) -> str:
    number = 1
    while any(path.exists() for path in result_paths(directory, f"{name}_{number:05d}", [format])):
        number += 1
    return f"{name}_{number:05d}"


def _output_directory() -> Path:
    import folder_paths  # ComfyUI's own module

    return Path(folder_paths.get_output_directory())


NODE_CLASS_MAPPINGS = {
    "TwoStageHDRReconstruct": Reconstruct,
    "TwoStageHDRExpose": Expose,
    "TwoStageHDRSave": Save,
}
NODE_DISPLAY_NAME_MAPPINGS = {
    "TwoStageHDRReconstruct": "Reconstruct HDR",
    "TwoStageHDRExpose": "Expose HDR",
    "TwoStageHDRSave": "Save HDR file",
}
