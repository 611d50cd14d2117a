"""Whole training steps as one CUDA graph: the host launches one thing instead of some two thousand kernels."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import lightning as L
import torch
from torch import Tensor, nn

from twostage_hdr.data.triple import Triple
from twostage_hdr.errors import InputError
from twostage_hdr.training.enhancement import EnhancementModule
from twostage_hdr.training.non_finite import skips_updates
from twostage_hdr.training.one_network import OneNetworkModule
from twostage_hdr.training.reconstruction_module import ReconstructionModule
from twostage_hdr.training.tone_mapping import ToneMappingModule
from twostage_hdr.training.two_stage import TwoStageModule

WARM_UP = 4
"""Ordinary steps before the recorded one: kernels are chosen and compiled, the optimisers' states are made."""


class Graph(Protocol):
    """Work for a device, recorded once and run as often as wanted."""

    def stream(self) -> Any:
        """A context for the steps before, on the stream that is recorded."""

    def record(self, work: Callable[[], None]) -> None:
        """Records, and runs nothing."""

    def replay(self) -> None:
        """Runs what was recorded."""


class CudaGraph:
    """A `torch.cuda.CUDAGraph` and the stream that it is recorded on."""

    def __init__(self) -> None:
        self._graph = torch.cuda.CUDAGraph()
        self._stream = torch.cuda.Stream()

    @contextmanager
    def stream(self) -> Iterator[None]:
        """Autograd remembers the stream on which it first saw a weight: it must be that of the recording."""
        around = torch.cuda.current_stream()
        self._stream.wait_stream(around)
        with torch.cuda.stream(self._stream):
            yield
        around.wait_stream(self._stream)

    def record(self, work: Callable[[], None]) -> None:
        """Other threads, such as the loader's, may go on with what a recording thread must not do."""
        with torch.cuda.graph(self._graph, stream=self._stream, capture_error_mode="thread_local"):
            work()

    def replay(self) -> None:
        """On the current stream."""
        self._graph.replay()


class GraphedSteps(L.Callback):
    """Records a training step after some ordinary ones, and replays it for every batch of the same shapes.

    Every replay reads and writes the same memory: batch, soft labels and learning rates are copied into it before, and
    logged values out of it after. Other batches, such as a smaller last one, take an ordinary step. Averages of the
    weights and schedules stay outside; hooks around a backward pass or an optimiser's step are called in ordinary steps
    alone.

    Args:
        graph: what records; tests without a GPU run the step again.

    Raises:
        InputError: a module, device, setting or optimiser whose steps cannot be recorded; `trainer=gpu` trains them.
    """

    def __init__(self, *, graph: Callable[[], Graph] = CudaGraph) -> None:
        self.replays = 0
        self._new_graph = graph
        self._forget()

    def _forget(self) -> None:
        self._graph: Graph | None = None
        self._recorded = False
        self._seen = 0
        self._batch: Triple | None = None
        self._labels: Tensor | None = None
        self._rates: list[Tensor] = []
        self._settings: list[dict[str, Any]] = []
        self._logged: list[tuple[str, Tensor, dict[str, Any]]] = []

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Refuses what can be known before the first batch."""
        if stage == "fit":
            refuse(trainer, pl_module, needs_gpu=self._new_graph is CudaGraph)

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Takes the place of the module's training step."""
        assert isinstance(pl_module, ReconstructionModule)
        if not all(
            isinstance(o, torch.optim.Adam | torch.optim.AdamW) and skips_updates(o) for o in trainer.optimizers
        ):
            raise refusal("an optimiser other than fused Adam")
        if torch.is_anomaly_enabled():
            raise refusal("trainer.detect_anomaly looks at every value")
        self._forget()
        self._graph = self._new_graph()
        ordinary = pl_module.training_step

        def training_step(batch: Triple, batch_idx: int) -> None:
            self._training_step(pl_module, ordinary, batch, batch_idx)

        pl_module.training_step = training_step  # type: ignore[method-assign]

    def teardown(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Gives the training step back."""
        if isinstance(pl_module, ReconstructionModule):
            pl_module.__dict__.pop("training_step", None)
            pl_module.recorded = None  # whose tensors are the graph's
        self._forget()

    def on_exception(self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException) -> None:
        """After an error as well."""
        self.teardown(trainer, pl_module, "fit")

    def _training_step(
        self, module: ReconstructionModule, ordinary: Callable[[Triple, int], Any], batch: Triple, batch_idx: int
    ) -> None:
        assert self._graph is not None
        alike = self._batch is not None and shapes(batch) == shapes(self._batch)
        if self._recorded and not alike:
            ordinary(batch, batch_idx)
            return
        if not self._recorded:
            self._seen = self._seen + 1 if alike else 1
            if not alike:
                ldr, reference8, reference16, scene, scale = batch
                self._batch = Triple(ldr.clone(), reference8.clone(), reference16.clone(), scene, scale.clone())
            if self._seen <= WARM_UP:
                with self._graph.stream():
                    ordinary(batch, batch_idx)
                return
        self._fill(module, batch)
        if not self._recorded:
            try:
                self._graph.record(lambda: self._record(module, ordinary))
            except RuntimeError as error:  # of CUDA, in a step that does what a recording must not
                raise refusal(str(error).splitlines()[0]) from error
            self._recorded, self._settings = True, settings_of(module)
        elif settings_of(module) != self._settings:
            raise refusal("a schedule changes more of the optimiser than its rate")
        self._graph.replay()
        self.replays += 1
        for name, value, settings in self._logged:
            module.log(name, value, **settings)
        module.account(batch)

    def _fill(self, module: ReconstructionModule, batch: Triple) -> None:
        """This batch, its soft labels and the rates, into the memory that the graph reads."""
        assert self._batch is not None
        for place, value in zip(tensors(self._batch), tensors(batch), strict=True):
            place.copy_(value, non_blocking=True)
        if isinstance(module, EnhancementModule):
            generator, share = module.soft_labels()
            assert isinstance(generator, torch.Generator)
            labels = module.objective.adversarial.labels(len(batch.ldr), generator, share)
            if self._labels is None:
                self._labels = torch.empty_like(labels, device=batch.ldr.device)
            self._labels.copy_(labels.pin_memory() if self._labels.is_cuda else labels, non_blocking=True)
        groups = groups_of(module)
        if not self._rates:
            self._rates = [torch.empty((), device=batch.ldr.device) for _ in groups]
        for rate, group in zip(self._rates, groups, strict=True):
            rate.fill_(group["lr"])

    def _record(self, module: ReconstructionModule, ordinary: Callable[[Triple, int], Any]) -> None:
        """One step on the memory that stays; nothing of it may depend on the host."""
        self._logged = []

        def log(name: str, value: Tensor, **settings: Any) -> None:
            self._logged.append((name, value, settings))

        assert self._batch is not None
        groups = groups_of(module)
        numbers = [(group["lr"], group["capturable"]) for group in groups]
        torch.clear_autocast_cache()  # copies of weights from before the recording would be used and never renewed
        members = {"recording": True, "log": log, "soft_labels": lambda: (self._labels, (0, 1))}
        with instead(module, members):
            for group, rate in zip(groups, self._rates, strict=True):
                group["lr"], group["capturable"] = rate, True
            try:
                ordinary(self._batch, 0)
            finally:
                for group, (rate, capturable) in zip(groups, numbers, strict=True):
                    group["lr"], group["capturable"] = rate, capturable
        torch.clear_autocast_cache()


RECORDED = (EnhancementModule, ToneMappingModule, TwoStageModule, OneNetworkModule)
"""Whose steps depend on nothing of the host but batch, labels and rates. A derived class may: it is refused."""


def refuse(trainer: L.Trainer, module: L.LightningModule, *, needs_gpu: bool) -> None:
    """Refuses what cannot be recorded.

    Raises:
        InputError: it names the module, the device or the number of processes.
    """
    kind = trainer.strategy.root_device.type
    reasons = {
        f"the steps of {type(module).__name__} may read values of the host": type(module) not in RECORDED,
        f"a GPU is needed, this is the {kind}": needs_gpu and kind != "cuda",
        f"several processes, {trainer.world_size}": trainer.world_size > 1,
    }
    for reason, holds in reasons.items():
        if holds:
            raise refusal(reason, "take trainer=gpu" if kind == "cuda" else "take trainer=cpu")


def refusal(reason: str, cure: str = "take trainer=gpu") -> InputError:
    """Of steps that cannot be recorded."""
    return InputError("trainer=gpu_graphs", f"{reason}: such steps are not recorded", cure)


def settings_of(module: ReconstructionModule) -> list[dict[str, Any]]:
    """What a recording keeps of the optimisers: all but parameters and rates."""
    changing = {"params", "lr", "initial_lr"}
    return [{name: value for name, value in group.items() if name not in changing} for group in groups_of(module)]


def groups_of(module: ReconstructionModule) -> list[dict[str, Any]]:
    """The parameter groups of all optimisers."""
    return [group for optimizer in module.trainer.optimizers for group in optimizer.param_groups]


def shapes(batch: Triple) -> list[torch.Size]:
    """Of all tensors."""
    return [value.shape for value in tensors(batch)]


def tensors(batch: Triple) -> list[Tensor]:
    """All but the names of scenes."""
    return [value for value in batch if isinstance(value, Tensor)]


@contextmanager
def instead(module: nn.Module, members: Mapping[str, Any]) -> Iterator[None]:
    """The module with other members for a while; those of its class come back."""
    for name, member in members.items():
        setattr(module, name, member)
    try:
        yield
    finally:
        for name in members:
            delattr(module, name)
