"""What a network costs: parameters and multiply-adds."""

import threading
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


class Complexity(NamedTuple):
    """A network's cost: trainable parameters, and multiply-adds per pixel of its input."""

    parameters: int
    multiply_adds_per_pixel: float


def measure_complexity(network: nn.Module, *, height: int = 256, width: int = 256) -> Complexity:
    """Counts trainable parameters and, on one image of zeros, the multiply-adds of convolutions and matrix products.

    Additions, activations and resampling are not counted, as is usual. Networks with a branch of fixed size cost less
    per pixel on larger images: say the size with the number.

    Args:
        network: maps (1, 3, H, W), or a stack of its number of `frames`, to an image.
        height: of the probe, px.
        width: of the probe, px.
    """
    device = next((parameter.device for parameter in network.parameters()), torch.device("cpu"))
    frames = int(getattr(network, "frames", 1))
    counter = FlopCounterMode(display=False)
    training = network.training
    network.eval()
    with torch.no_grad(), counter:
        network(torch.zeros(1, *((frames, 2) if frames > 1 else ()), 3, height, width, device=device))
    network.train(training)
    parameters = sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
    # A multiply-add is two floating-point operations.
    return Complexity(parameters, counter.get_total_flops() / 2 / (height * width))


SAMPLE_SECONDS = 0.005
STATUS = Path("/proc/self/status")


class PeakMemory:
    """Context manager: `mebibytes` is, afterwards, the peak of what the work added to the memory in use before.

    CUDA: the allocator's peak. CPU: the process's own pages, looked at every 5 ms, so a shorter spike can be missed;
    NaN where there is no Linux /proc. The kernel's high-water mark is no help: it counts mapped files too, and those
    leave when memory is short, which hides what the work took. Memory that the process had already been given and
    reuses is not seen, so the first of several calls is the honest one.
    """

    def __init__(self, *, device: torch.device) -> None:
        self._device = device
        self.mebibytes = float("nan")

    def __enter__(self) -> "PeakMemory":
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
            self._before = float(torch.cuda.memory_allocated(self._device))
        else:
            self._before = self._peak = own_pages()
            self._over = threading.Event()
            self._watch = threading.Thread(target=self._sample, daemon=True)
            self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._device.type == "cuda":
            self._peak = float(torch.cuda.max_memory_allocated(self._device))
        else:
            self._over.set()
            self._watch.join()
            self._peak = max(self._peak, own_pages())
        self.mebibytes = (self._peak - self._before) / 2**20

    def _sample(self) -> None:
        while not self._over.wait(SAMPLE_SECONDS):
            self._peak = max(self._peak, own_pages())


def own_pages() -> float:
    """Resident bytes of this process that no file backs; NaN where Linux's /proc is missing."""
    try:
        lines = STATUS.read_text(encoding="ascii").splitlines()
    except OSError:
        return float("nan")
    sizes = [float(line.split()[1]) for line in lines if line.startswith("RssAnon:")]
    return sizes[0] * 1024 if sizes else float("nan")
