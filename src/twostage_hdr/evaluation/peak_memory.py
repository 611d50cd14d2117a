"""The most memory a piece of work held, on the device it ran on."""

from pathlib import Path

import torch

MEBIBYTE = 2**20


class PeakMemory:
    """Context manager: `mebibytes` is, afterwards, the peak of what the work added to the memory in use before.

    CUDA: the allocator's peak. CPU: the process's peak resident set, which Linux can reset; NaN elsewhere. Memory that
    the process had already been given and reuses is not seen, so the first of several calls is the honest one.
    """

    def __init__(self, *, device: torch.device) -> None:
        self._device = device
        self.mebibytes = float("nan")

    def __enter__(self) -> "PeakMemory":
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
            self._before = float(torch.cuda.memory_allocated(self._device))
        else:
            self._before = _reset_resident_peak()
        return self

    def __exit__(self, *_: object) -> None:
        on_gpu = self._device.type == "cuda"
        peak = float(torch.cuda.max_memory_allocated(self._device)) if on_gpu else _resident("VmHWM")
        self.mebibytes = max((peak - self._before) / MEBIBYTE, 0.0) if peak == peak else peak


def _reset_resident_peak() -> float:
    """Sets the process's high-water mark to its present size and returns that, in bytes; NaN where it cannot."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return float("nan")
    return _resident("VmRSS")


def _resident(field: str) -> float:
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return float("nan")
    sizes = [float(line.split()[1]) for line in lines if line.startswith(f"{field}:")]
    return sizes[0] * 1024 if sizes else float("nan")
