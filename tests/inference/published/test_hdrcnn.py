"""HDRCNN's parameters, against a forward pass in NumPy: height, width, channels, as the archive has them."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.refusal import refusal_of
from twostage_hdr.inference.published.hdrcnn import load_hdrcnn

Array = np.ndarray
ENCODER = [[3, 64, 64], [64, 128, 128], [128, 256, 256, 256], [256, 512, 512, 512], [512, 512, 512, 512]]
DECODER = [(512, 512), (512, 512), (512, 256), (256, 128), (128, 64)]


def random_parameters() -> list[Array]:
    rng = np.random.default_rng(0)

    def weights(size: int, inputs: int, outputs: int) -> list[Array]:
        kernel = rng.standard_normal((size, size, inputs, outputs), dtype=np.float32)
        return [kernel * (2 / (size * size * inputs)) ** 0.5, 0.1 * rng.standard_normal(outputs, dtype=np.float32)]

    def norm(n: int) -> list[Array]:
        return [rng.standard_normal(n), rng.uniform(0.5, 1, n), rng.standard_normal(n), rng.uniform(0.5, 2, n)]

    arrays = [a for stage in ENCODER for i, o in pairwise(stage) for a in weights(3, i, o)]
    arrays += weights(3, 512, 512) + norm(512)
    for level, (inputs, outputs) in enumerate(DECODER):
        if level:
            arrays += weights(1, 2 * inputs, inputs)
        kernel, bias = weights(4, inputs, outputs)
        arrays += [np.swapaxes(kernel, 2, 3), bias, *norm(outputs)]  # (height, width, out, in)
    arrays += weights(1, 128, 64) + weights(1, 64, 3) + norm(3) + weights(1, 6, 3)
    return [array.astype(np.float32) for array in arrays]


def conv(x: Array, kernel: Array, bias: Array) -> Array:
    border = kernel.shape[0] // 2
    padded = np.pad(x, ((border, border), (border, border), (0, 0)))
    height, width = x.shape[:2]
    taps = np.ndindex(*kernel.shape[:2])
    return sum(padded[i : i + height, j : j + width] @ kernel[i, j] for i, j in taps) + bias


def deconv(x: Array, kernel: Array, bias: Array) -> Array:
    height, width = x.shape[:2]
    spread = np.zeros((2 * height + 2, 2 * width + 2, kernel.shape[2]))
    for i, j in np.ndindex(4, 4):
        spread[i : i + 2 * height : 2, j : j + 2 * width : 2] += x @ kernel[i, j].T
    return spread[1:-1, 1:-1] + bias


def norm(x: Array, offset: Array, scale: Array, mean: Array, variance: Array) -> Array:
    return (x - mean) / np.sqrt(variance + 1e-5) * scale + offset


def pool(x: Array) -> Array:
    return x.reshape(x.shape[0] // 2, 2, x.shape[1] // 2, 2, -1).max(axis=(1, 3))


def published_log_prediction(rgb: Array, parameters: list[Array]) -> Array:
    """rgb: (height, width, 3), [0, 1]."""
    following: Iterator[Array] = iter([array.astype(np.float64) for array in parameters])
    take = lambda n: [next(following) for _ in range(n)]  # noqa: E731
    relu = lambda x: np.maximum(x, 0)  # noqa: E731
    fuse = lambda x, skip: conv(np.concatenate([x, np.log((skip / 255) ** 2 + 1 / 255)], axis=2), *take(2))  # noqa: E731
    x = (255 * rgb)[..., ::-1] - np.array([103.939, 116.779, 123.68])
    skips = [255 * rgb]
    for stage in ENCODER:
        for _ in stage[1:]:
            x = relu(conv(x, *take(2)))
        skips.append(x)
        x = pool(x)
    x = relu(norm(conv(x, *take(2)), *take(4)))
    for level in range(len(DECODER)):
        if level:
            x = fuse(x, skips.pop())
        x = relu(norm(deconv(x, *take(2)), *take(4)))
    x = fuse(x, skips.pop())
    x = relu(norm(conv(x, *take(2)), *take(4)))
    return fuse(x, skips.pop())


def save(path: Path, parameters: list[Array]) -> Path:
    outer = np.empty(len(parameters), dtype=object)
    outer[:] = parameters
    np.savez(path, params=outer)
    return path


def test_the_same_input_gives_the_same_network_output(tmp_path: Path) -> None:
    parameters = random_parameters()
    network = load_hdrcnn(save(tmp_path / "hdrcnn_params.npz", parameters))
    rgb = np.random.default_rng(1).random((32, 64, 3)).astype(np.float32)
    rgb[8:20, 8:20] = 1.0
    expected = published_log_prediction(rgb, parameters)
    with torch.no_grad():
        ldr = torch.from_numpy(rgb).permute(2, 0, 1)[None]
        ours, hdr = (y[0].permute(1, 2, 0).numpy() for y in (network.log_prediction(ldr), network(ldr)))
    scale = np.abs(expected).max()
    np.testing.assert_allclose(ours / scale, expected / scale, atol=1e-5)
    # The blend is compared from our own logarithm: exp() of the published one would magnify its rounding.
    alpha = np.clip((rgb.max(axis=2, keepdims=True) - np.float32(0.95)) / np.float32(0.05), 0, 1)
    expected_hdr = (1 - alpha) * rgb**2.0 + alpha * np.maximum(np.exp(ours) - 1 / 255, 0)
    solid = (alpha == 0) | (alpha > 0.01)  # where float32 still knows alpha
    np.testing.assert_allclose(hdr * solid, expected_hdr * solid, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("spoil", "seen"),
    [
        (lambda arrays: arrays[:-1], ("79 arrays", "80")),
        (lambda arrays: [np.zeros((3, 3, 3, 32)), *arrays[1:]], ("'array 0'", "(32, 3, 3, 3)")),
        (lambda arrays: [arrays[0] * np.nan, *arrays[1:]], ("'array 0'", "NaN")),
    ],
)
def test_other_parameters_are_refused(spoil: object, seen: tuple[str, ...], tmp_path: Path) -> None:
    small = [np.zeros((3, 3, 3, 64))] + [np.zeros(1)] * 79
    with refusal_of(tmp_path / "params.npz", *seen):
        load_hdrcnn(save(tmp_path / "params.npz", spoil(small)))
