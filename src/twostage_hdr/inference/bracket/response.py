"""The camera's response: from code values to linear light, known or recovered from the frames [debevec1997]."""

from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np
import torch
from jaxtyping import Float32, UInt8

from twostage_hdr.radiometry.gamma import HDM_GAMMA
from twostage_hdr.radiometry.srgb import srgb_decode

Response: TypeAlias = Float32[np.ndarray, "256"]
"""Linear light of the codes k/255; rises; 1.0 at white."""

SAMPLES = 400
"""Code values that the curve is recovered from."""
SMOOTHNESS = 30.0
"""Lambda of [debevec1997]."""
_USABLE = (6, 248)  # codes: neither noise nor white
_CLEARLY_BETTER = 0.8  # share of the known curve's disagreement that a recovered one must stay below
_BRIGHTEST_BLACK = 0.005  # light of code 0 above which frames have too little in common for a free curve
_LEAST_SPREAD = 0.5  # stops between the darkest and the brightest frame
_MOST_FALL = 1.5  # of a free curve's slope: frames of one curve stay below, a telephone's reach 1.6 to 200
_SIGMOIDS = ((0.4, 1.5), (0.2, 5.0))  # n and s: far beyond what [eilertsen2017hdrcnn] found in cameras
_SLOPE_CODES = (16, 240)  # between noise and white
_SLOPE_STEP = 16  # codes


def srgb_response() -> Response:
    """Of the standard encoding."""
    return srgb_decode(torch.arange(256, dtype=torch.float64) / 255).numpy().astype(np.float32)


def gamma_response(gamma: float = HDM_GAMMA) -> Response:
    """A power; 2.24 is that of the HdM frames [ntire2021hdr]."""
    return ((np.arange(256) / 255) ** gamma).astype(np.float32)


def find_response(
    frames: Sequence[UInt8[np.ndarray, "height width 3"]], stops: Sequence[float]
) -> tuple[Response, str]:
    """The response, and its name in words for the user.

    One curve for the three channels: cameras apply it after the white balance, and white stays white. The simplest
    curve is kept unless another explains the frames clearly better: a known one, the two-parameter curve of
    [eilertsen2017hdrcnn] fitted to the frames, the free curve of [debevec1997] if it is a camera's.

    Args:
        frames: aligned.
        stops: their exposures.
    """
    known = {"sRGB": srgb_response(), "gamma 2.24": gamma_response()}
    samples = _static_samples(frames, stops)
    if max(stops) - min(stops) < _LEAST_SPREAD or samples.shape[1] < SAMPLES:
        return known["sRGB"], "sRGB"
    name = min(known, key=lambda name: _disagreement(known[name], samples, stops))
    response, said = known[name], name
    for recovered in (_fitted(samples, stops), _recovered(samples, stops)):
        if recovered[0] > _BRIGHTEST_BLACK or _fall_of_slope(recovered) > _MOST_FALL:
            continue
        if _disagreement(recovered, samples, stops) < _CLEARLY_BETTER * _disagreement(response, samples, stops):
            response, said = recovered, "recovered from the frames"
    return response, said


def sigmoid_response(n: float, s: float) -> Response:
    """The inverse of f(H) = (1 + s) H^n / (H^n + s) [eilertsen2017hdrcnn]."""
    codes = np.arange(256) / 255
    return ((s * codes / (1 + s - codes)) ** (1 / n)).astype(np.float32)


def _fitted(samples: UInt8[np.ndarray, "frames samples"], stops: Sequence[float]) -> Response:
    """The sigmoid under which the frames agree best."""
    from scipy.optimize import minimize  # 38 MB that a single photograph does not need

    found = minimize(
        lambda logs: _disagreement(sigmoid_response(*np.exp(logs)), samples, stops),
        np.log([0.9, 0.6]),  # the mean of real cameras
        method="Nelder-Mead",
        bounds=np.log(_SIGMOIDS),
    )
    return sigmoid_response(*np.exp(found.x))


def _static_samples(
    frames: Sequence[UInt8[np.ndarray, "height width 3"]], stops: Sequence[float]
) -> UInt8[np.ndarray, "frames samples"]:
    """Code values of flat places that rise with the exposure, spread evenly over the codes."""
    height, width = frames[0].shape[:2]
    step = max(1, max(height, width) // 1024)
    box = np.ones((3, 3), np.uint8)
    uneven = np.max([(cv2.dilate(f, box) - cv2.erode(f, box))[::step, ::step].ravel() for f in frames], axis=0)
    codes = np.stack([frame[::step, ::step].ravel() for frame in frames])
    by_exposure = codes[np.argsort(stops)]
    low, high = _USABLE
    rising = ((by_exposure[1:] >= by_exposure[:-1]) | (by_exposure[1:] >= high)).all(axis=0)
    good = rising & (((codes > low) & (codes < high)).sum(axis=0) >= 2)
    if not good.any():
        return codes[:, :0]
    good &= uneven <= np.percentile(uneven[good], 30)
    places = np.flatnonzero(good)
    rank = np.argsort(codes.mean(axis=0)[places], kind="stable")
    chosen = places[rank[np.linspace(0, len(places) - 1, min(SAMPLES, len(places))).astype(int)]]
    return codes[:, chosen]


def _recovered(samples: UInt8[np.ndarray, "frames samples"], stops: Sequence[float]) -> Response:
    calibrate = cv2.createCalibrateDebevec(samples=samples.shape[1], lambda_=SMOOTHNESS)
    times = np.array([2.0**stop for stop in stops], np.float32)
    curve = calibrate.process([np.ascontiguousarray(codes[None]) for codes in samples], times).ravel()
    rising = np.maximum.accumulate(curve)
    return (rising / rising[-1]).astype(np.float32)


def _fall_of_slope(response: Response) -> float:
    """The largest factor by which d ln light / d ln code falls from a code to a brighter one.

    It rises in gammas, sRGB, sigmoids and S curves. A free curve fitted to frames that no curve explains is a staircase
    instead, whose steps are the exposures': the frames agree on each other, and hues change where the steps end.
    """
    low = np.arange(_SLOPE_CODES[0], _SLOPE_CODES[1] - _SLOPE_STEP)
    high = low + _SLOPE_STEP
    slope = np.log(response[high] / response[low]) / np.log(high / low)
    return float((np.maximum.accumulate(slope) / np.maximum(slope, 1e-6)).max())


def _disagreement(response: Response, samples: UInt8[np.ndarray, "frames samples"], stops: Sequence[float]) -> float:
    """Mean deviation of ln light from the frames' mean, over samples that two frames or more record."""
    low, high = _USABLE
    used = (samples > low) & (samples < high)
    light = np.log(np.maximum(response[samples], 1e-6)) - np.log(2.0) * np.asarray(stops)[:, None]
    mean = (light * used).sum(axis=0) / used.sum(axis=0)
    return float((np.abs(light - mean) * used).sum() / used.sum())
