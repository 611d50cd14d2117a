"""EXIF orientation: how a camera says which way is up."""

import numpy as np


def upright(pixels: np.ndarray, orientation: int) -> tuple[np.ndarray, list[str]]:
    """Turn pixels (height, width, ...) upright by the EXIF orientation 1..8; other values mean "upright".

    Returns:
        A view of the pixels, and a note if it differs from them.
    """
    match orientation:
        case 2:
            turned = pixels[:, ::-1]
        case 3:
            turned = pixels[::-1, ::-1]
        case 4:
            turned = pixels[::-1]
        case 5:
            turned = pixels.swapaxes(0, 1)
        case 6:
            turned = pixels[::-1].swapaxes(0, 1)
        case 7:
            turned = pixels[::-1, ::-1].swapaxes(0, 1)
        case 8:
            turned = pixels[:, ::-1].swapaxes(0, 1)
        case _:
            return pixels, []
    return turned, ["rotated by EXIF orientation"]
