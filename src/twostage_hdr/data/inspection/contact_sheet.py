"""A small picture of a scene for looking at many of them."""

import cv2
import numpy as np

from twostage_hdr.imaging.preview import preview

WIDTH = 176
"""px of each of the two panels."""

_QUALITY = 72


def sheet_picture(frame: np.ndarray, linear: np.ndarray) -> bytes:
    """JPEG: the 8-bit frame beside the tone-mapped reference.

    Args:
        frame: HxWx3 uint8.
        linear: HxWx3 float32, linear, >= 0.
    """
    panels = (_small(frame), preview(_small(linear)))
    done, data = cv2.imencode(".jpg", np.hstack(panels)[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    assert done
    return data.tobytes()


def _small(image: np.ndarray) -> np.ndarray:
    height = max(1, round(image.shape[0] * WIDTH / image.shape[1]))
    return cv2.resize(image, (WIDTH, height), interpolation=cv2.INTER_AREA)
