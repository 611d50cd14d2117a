"""How each inference runtime takes the network: files converted once, then a function from an image to an image."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch

from twostage_hdr.inference.engine import mixed_forward
from twostage_hdr.inference.export import INPUT, OUTPUT, export_network
from twostage_hdr.inference.weights import load_weights

Forward: TypeAlias = Callable[[np.ndarray], np.ndarray]
"""(1, 3, H, W) float32 in [0, 1], H and W as given to the loader, to the same shape."""
Size: TypeAlias = tuple[int, int]


def convert(weights: str, folder: Path) -> None:
    """Writes network.onnx, network.mnn, network.ncnn.param and network.ncnn.bin."""
    network = load_weights(weights).eval()
    export_network(network, folder / "network.onnx")
    mnn = "import sys; from MNN.tools.mnnconvert import main; sys.exit(main())"
    arguments = ["-f", "ONNX", "--modelFile", "network.onnx", "--MNNModel", "network.mnn", "--bizCode", "hdr"]
    run([sys.executable, "-c", mnn, *arguments], folder)
    with torch.no_grad():
        torch.jit.trace(network, torch.rand(1, 3, 64, 64), check_trace=False).save(str(folder / "network.pt"))
    shapes = ["inputshape=[1,3,64,64]f32", "inputshape2=[1,3,96,128]f32"]
    run([str(Path(sys.executable).parent / "pnnx"), "network.pt", *shapes, "fp16=0"], folder)


def run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def plain(weights: str, size: Size, precision: str) -> Forward:
    network = load_weights(weights).eval()

    def forward(image: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            tensor = torch.from_numpy(image)
            return (mixed_forward(network, tensor) if precision == "bf16" else network(tensor)).numpy()

    return forward


def compiled(weights: str, size: Size, precision: str) -> Forward:
    """TorchInductor in the layout that oneDNN takes, compiled before it is timed.

    Without `freezing`, which in torch 2.13 changes this network's output by 0.1.
    """
    network = load_weights(weights).eval().to(memory_format=torch.channels_last)
    program = torch.compile(lambda image: mixed_forward(network, image) if precision == "bf16" else network(image))

    def forward(image: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return program(torch.from_numpy(image).contiguous(memory_format=torch.channels_last)).numpy()

    forward(np.zeros((1, 3, *size), np.float32))
    return forward


def mnn(folder: Path, size: Size, precision: str, threads: int) -> Forward:
    import MNN

    settings = {"backend": "CPU", "numThread": threads, "precision": "low_bf16" if precision == "bf16" else "high"}
    interpreter = MNN.nn.create_runtime_manager((settings,))
    module = MNN.nn.load_module_from_file(
        str(folder / "network.mnn"), [INPUT], [OUTPUT], runtime_manager=interpreter, shape_mutable=False
    )

    def forward(image: np.ndarray) -> np.ndarray:
        source = MNN.expr.convert(MNN.expr.const(image, image.shape, MNN.expr.NCHW), MNN.expr.NC4HW4)
        output = module.forward([source])[0]
        return MNN.expr.convert(output, MNN.expr.NCHW).read().copy()

    return forward


def openvino(folder: Path, size: Size, precision: str, threads: int) -> Forward:
    import openvino as ov

    core = ov.Core()
    model = core.read_model(folder / "network.onnx")
    model.reshape([1, 3, *size])
    settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
    settings["INFERENCE_PRECISION_HINT"] = "bf16" if precision == "bf16" else "f32"
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    return lambda image: request.infer([image])[0]


def onnx_runtime(folder: Path, size: Size, precision: str, threads: int) -> Forward:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(folder / "network.onnx", options, providers=["CPUExecutionProvider"])
    return lambda image: session.run(None, {INPUT: image})[0]


def ncnn(folder: Path, size: Size, precision: str, threads: int) -> Forward:
    import ncnn as library

    net = library.Net()
    net.opt.num_threads = threads
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_storage = net.opt.use_bf16_packed = precision == "bf16"
    net.load_param(str(folder / "network.ncnn.param"))
    net.load_model(str(folder / "network.ncnn.bin"))

    def forward(image: np.ndarray) -> np.ndarray:
        with net.create_extractor() as extractor:
            extractor.input("in0", library.Mat(image[0]).clone())
            return np.array(extractor.extract("out0")[1])[None]

    return forward
