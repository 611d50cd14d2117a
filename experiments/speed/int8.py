"""Would 8-bit integers pay? ONNX Runtime's int8 against its own float32 and against the stream, on one crop.

Static quantization of every convolution, per channel, calibrated on crops of half of the photographs; the loss is
measured on crops of the other half, against float32. Needs `pip install 'twostage-hdr[onnx]'`.

    python -m experiments.speed.int8 --photographs FOLDER
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from experiments.speed.inference import machine
from twostage_hdr.imaging.ldr import read_ldr
from twostage_hdr.inference.engine import Engine
from twostage_hdr.inference.export import export_network
from twostage_hdr.inference.weights import load_weights

RESULTS = Path(__file__).parent / "results"
CALIBRATION_SIDE, TEST_SIDE = 128, 512


def crops(files: Sequence[Path], count: int, side: int) -> Iterator[np.ndarray]:
    """(side, side, 3) uint8, `count` of each photograph."""
    rng = np.random.default_rng(0)
    for file in files:
        pixels = read_ldr(file).pixels
        for _ in range(count):
            top, left = (int(rng.integers(0, length - side + 1)) for length in pixels.shape[:2])
            yield np.ascontiguousarray(pixels[top : top + side, left : left + side])


class Calibration(CalibrationDataReader):
    """What ONNX Runtime takes the ranges of the activations from."""

    def __init__(self, name: str, images: Sequence[np.ndarray]) -> None:
        self._feeds = iter([{name: planes(image)} for image in images])

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self._feeds, None)


def planes(image: np.ndarray) -> np.ndarray:
    """(1, 3, H, W) float32 in [0, 1]."""
    return (image.astype(np.float32) / 255).transpose(2, 0, 1)[None]


def seconds(run: Callable[[], object], rounds: int) -> float:
    """The median, after one run to warm up."""
    run()
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def decibels(first: np.ndarray, second: np.ndarray) -> float:
    """PSNR with a peak of 1."""
    return -10 * float(np.log10(np.mean((first.astype(np.float64) - second) ** 2)))


def measure(photographs: Sequence[Path], rounds: int) -> dict:
    """Seconds for one crop, and the loss of int8 on all."""
    half = len(photographs) // 2
    calibration = list(crops(photographs[:half], 12, CALIBRATION_SIDE))
    tests = list(crops(photographs[half:], 3, TEST_SIDE))
    network = load_weights("two_stage")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    with tempfile.TemporaryDirectory() as folder:
        plain, prepared, quantized = (Path(folder) / f"{name}.onnx" for name in ("plain", "prepared", "int8"))
        export_network(network, plain)
        quant_pre_process(plain, prepared, skip_symbolic_shape=True)
        floats = onnxruntime.InferenceSession(plain, options)
        name = floats.get_inputs()[0].name
        quantize_static(
            prepared,
            quantized,
            Calibration(name, calibration),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            op_types_to_quantize=["Conv"],
        )
        integers = onnxruntime.InferenceSession(quantized, options)
    engine = Engine(network=network, device="cpu")
    feed = {name: planes(tests[0])}
    loss = [
        decibels(integers.run(None, {name: planes(test)})[0][0].transpose(1, 2, 0), engine.run(test)) for test in tests
    ]
    return {
        "crop_px": TEST_SIDE,
        "test_crops": len(tests),
        "machine": machine(),
        "onnxruntime": onnxruntime.__version__,
        "rounds": rounds,
        "seconds": {
            "stream, fp32": round(seconds(lambda: engine.run(tests[0]), rounds), 3),
            "ONNX Runtime, fp32": round(seconds(lambda: floats.run(None, feed), rounds), 3),
            "ONNX Runtime, int8": round(seconds(lambda: integers.run(None, feed), rounds), 3),
        },
        "psnr_of_int8": {"lowest": round(min(loss), 1), "mean": round(statistics.fmean(loss), 1)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photographs", type=Path, required=True, help="folder of two or more, each 512 px or larger")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    files = sorted(file for file in arguments.photographs.iterdir() if file.suffix.lower() in (".jpg", ".png"))
    figures = measure(files, arguments.rounds)
    (arguments.output / "int8.json").write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
