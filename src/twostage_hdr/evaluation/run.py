"""One comparison: every method on every image, scored, timed and written down."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import starmap
from pathlib import Path

import torch
from torch import Tensor

from twostage_hdr.data.triple import Triple
from twostage_hdr.errors import InputError
from twostage_hdr.evaluation.complexity import PeakMemory, measure_complexity
from twostage_hdr.evaluation.method_row import MethodRow, metric_column
from twostage_hdr.evaluation.methods import BracketMethod, LdrIdentity, Method, NetworkMethod
from twostage_hdr.evaluation.protocol import COLUMNS, score_image
from twostage_hdr.evaluation.results import write_results
from twostage_hdr.evaluation.summarise import summarise
from twostage_hdr.metrics.per_image import PerImageMetric
from twostage_hdr.radiometry.exposure_stack import reference_frame
from twostage_hdr.radiometry.gamma import encode_gamma
from twostage_hdr.radiometry.photometry import REFERENCE_CAP

Progress = Callable[[str, str, int], None]
"""Called after every result with the scene, the method's title and the number of results so far."""

Visit = Callable[[Triple, str, Tensor], None]
"""Called with the triple, the method's name and its linear result, before the result is forgotten."""


def evaluate(
    methods: Sequence[Method],
    triples: Iterable[Triple],
    out_dir: Path,
    *,
    cap: float = REFERENCE_CAP,
    metrics: Mapping[str, PerImageMetric] | None = None,
    places: Mapping[str, str] | None = None,
    facts: dict[str, str] | None = None,
    progress: Progress | None = None,
    visit: Visit | None = None,
) -> list[MethodRow]:
    """Runs and scores the methods, the LDR input first, and writes `per_image.csv`, `summary.csv`, `summary.json`.

    Args:
        methods: with distinct names; the LDR input row is added when it is missing.
        triples: whole images, one at a time; nothing of them is kept. Of a bracket a `BracketMethod` sees all frames,
            the others the reference.
        out_dir: created when missing; files of an earlier run in it are replaced.
        cap: the references' highest value, encoded, as their source has it.
        metrics: of one's own, by their keys; scored on the result as the method gave it.
        places: scene -> place; intervals and tests go by place. None: every scene is a place of its own.
        facts: what a reader must know of the run (commit, data, split, budget); goes into `summary.json`.
        progress: see `Progress`.
        visit: see `Visit`; for saving results and pictures.

    Returns:
        One row per method, in the order given.

    Raises:
        InputError: two methods of one name, two scenes of one id, no images, or a result that cannot be scored.
    """
    methods = with_ldr_first(methods)
    per_image: dict[str, dict[str, dict[str, float]]] = {method.name: {} for method in methods}
    done = 0
    for taken in triples:
        triple = taken._replace(ldr=reference_frame(taken.ldr))
        for method in methods:
            scene = str(triple.scene)
            if scene in per_image[method.name]:
                raise InputError(f"scene {scene!r}", "occurs twice in the data", "every image needs its own id")
            prediction, cost = _run(method, taken if isinstance(method, BracketMethod) else triple)
            per_image[method.name][scene] = _score(method, triple, prediction, cap, metrics or {}) | cost
            done += 1
            if visit:
                visit(triple, method.name, prediction)
            if progress:
                progress(scene, method.title, done)
    if not done:
        raise InputError("data", "0 images to evaluate on", "give a folder with images, or a larger data.test_fraction")
    columns = (*COLUMNS, *starmap(metric_column, (metrics or {}).items()))
    rows = summarise([_row(method, per_image[method.name], places or {}) for method in methods], columns)
    write_results(out_dir, rows, columns, facts or {})
    return rows


def with_ldr_first(methods: Sequence[Method]) -> list[Method]:
    """The methods with the LDR input as the first of them.

    Raises:
        InputError: two methods share a name.
    """
    names = [method.name for method in methods]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise InputError("methods", f"the name {min(twice)!r} is given twice", "every method needs its own")
    identity = [method for method in methods if isinstance(method, LdrIdentity)] or [LdrIdentity()]
    return [*identity, *(method for method in methods if not isinstance(method, LdrIdentity))]


def _run(method: Method, triple: Triple) -> tuple[Tensor, dict[str, float]]:
    """A method's result on a frame, with its time and memory."""
    device = method.torch_device if isinstance(method, NetworkMethod) else torch.device("cpu")
    with PeakMemory(device=device) as memory:
        started = time.perf_counter()
        prediction = method.reconstruct(triple.ldr, scene=str(triple.scene))
        seconds = time.perf_counter() - started
    megapixels = triple.ldr.shape[-1] * triple.ldr.shape[-2] / 1e6
    return prediction, {
        "seconds": seconds,
        "seconds_per_megapixel": seconds / megapixels,
        "peak_mebibytes": memory.mebibytes,
    }


def _score(
    method: Method, triple: Triple, prediction: Tensor, cap: float, metrics: Mapping[str, PerImageMetric]
) -> dict[str, float]:
    try:
        scores = score_image(triple.ldr, triple.reference16, prediction, cap=cap)
    except InputError as error:
        raise InputError(f"{method.title}, scene {triple.scene!r}", str(error)) from error
    given = encode_gamma(prediction.float().clamp(min=0))[None]
    return scores | {key: float(metric.score(given, triple.reference16[None])) for key, metric in metrics.items()}


def _row(method: Method, per_image: dict[str, dict[str, float]], places: Mapping[str, str]) -> MethodRow:
    times = torch.tensor([scores["seconds_per_megapixel"] for scores in per_image.values()], dtype=torch.float64)
    memory = torch.tensor([scores["peak_mebibytes"] for scores in per_image.values()], dtype=torch.float64)
    cost = measure_complexity(method.network) if isinstance(method, NetworkMethod) else None
    return MethodRow(
        name=method.name,
        title=method.title,
        per_image=per_image,
        places={scene: places[scene] for scene in per_image if scene in places},
        seconds_per_megapixel=float(times.quantile(0.5)),
        peak_mebibytes=float(memory.max()),
        parameters=cost and cost.parameters,
        multiply_adds_per_pixel=cost and cost.multiply_adds_per_pixel,
    )
