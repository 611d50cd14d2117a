"""Stops a run whose losses or gradients are not finite, and keeps the batch that caused it."""

from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import save_file
from torch import Tensor

from twostage_hdr.data.triple import Triple
from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import atomic_path

FILE = "non_finite_batch.safetensors"
"""In the run's directory: `ldr`, `reference8`, `reference16`, `scale`; the header has scenes, place and values."""


class _Step(NamedTuple):
    """One update whose values are still on their way to the host."""

    names: tuple[str, ...]
    values: Tensor
    """On the host, valid once `arrived` has happened."""
    arrived: torch.cuda.Event | None
    batch: Triple
    place: str


class Judged(NamedTuple):
    """The values of one update, on their device."""

    names: tuple[str, ...]
    values: Tensor
    found: Tensor
    """1 once a value of this update or of an earlier one was not finite, else 0: what fused optimisers skip by.

    It stays one tensor, which recorded steps update in place.
    """


class NonFiniteGuard:
    """Lets a step pass whose values are all finite; otherwise keeps its batch and ends the run.

    To read the values of a step on a GPU the host would wait for it in every step. There the optimisers' own kernels
    skip the update instead (`Judged.found`), and every later one, until the host has read the values.
    """

    def __init__(self) -> None:
        self._found: Tensor | None = None
        self._unread: deque[_Step] = deque()

    def judge(self, values: Mapping[str, Tensor]) -> Judged:
        """Looks at a step's values on their device, which a recorded step can do.

        Args:
            values: scalars by name, on one device: losses and gradient norms, before any weight has changed.
        """
        stacked = torch.stack([value.detach().float() for value in values.values()])
        new = (~stacked.isfinite().all()).float()
        self._found = new if self._found is None else torch.maximum(self._found, new, out=self._found)
        return Judged(tuple(values), stacked, self._found)

    def send(self, judged: Judged, batch: Triple, place: str) -> None:
        """Sends the values to the host.

        Args:
            judged: of the step.
            batch: what the values were computed from.
            place: where in the run, for the message.
        """
        stacked, arrived = judged.values, None
        if stacked.is_cuda:
            host = torch.empty(stacked.shape, pin_memory=True).copy_(stacked, non_blocking=True)
            arrived = torch.cuda.Event()
            arrived.record()
        else:
            host = stacked
        self._unread.append(_Step(judged.names, host, arrived, batch, place))

    def refuse(self, directory: Path, *, wait: bool) -> None:
        """Reads the steps that have arrived, with `wait` all of them.

        Args:
            directory: where `FILE` is written.
            wait: for the device; otherwise what is not there yet is read by a later call.

        Raises:
            InputError: a value is not finite.
        """
        while self._unread and (wait or self._unread[0].arrived is None or self._unread[0].arrived.query()):
            step = self._unread.popleft()
            if step.arrived is not None:
                step.arrived.synchronize()
            if not step.values.isfinite().all():
                self._found = None  # another run of this module may begin
                self._unread.clear()
                raise _refusal(step, directory)


def skips_updates(optimizer: torch.optim.Optimizer) -> bool:
    """Whether the optimiser's kernels leave the weights alone where `found_inf` says so."""
    return all(group.get("fused") for group in optimizer.param_groups)


def _refusal(step: _Step, directory: Path) -> InputError:
    """The error that ends the run; its batch is kept."""
    values = zip(step.names, step.values.tolist(), step.values.isfinite().tolist(), strict=True)
    shown = ", ".join(f"{name} {value:g}" for name, value, finite in values if not finite)
    path = directory / FILE
    scenes = [step.batch.scene] if isinstance(step.batch.scene, str) else list(step.batch.scene)
    metadata = {"scenes": "\n".join(scenes), "place": step.place, "values": shown}
    kept = {name: torch.as_tensor(value) for name, value in step.batch._asdict().items() if name != "scene"}
    directory.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        save_file({name: value.detach().cpu().contiguous() for name, value in kept.items()}, temporary, metadata)
    return InputError(
        step.place,
        f"{shown}; no weight was changed, the batch is kept in {path}",
        "look at its images, or lower module.optimizer.lr or set module.clip_norm",
    )
