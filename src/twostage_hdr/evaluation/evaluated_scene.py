"""A scene of an evaluation as pictures show it: every result at its reference's exposure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twostage_hdr.evaluation.gain_alignment import align_gain, cut_at, measure_gain
from twostage_hdr.evaluation.protocol import CAP_FACT
from twostage_hdr.evaluation.results import Results
from twostage_hdr.evaluation.saved_results import REFERENCE, SavedResults
from twostage_hdr.radiometry.photometry import REFERENCE_CAP
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB


@dataclass(frozen=True, kw_only=True)
class EvaluatedScene:
    """A frame, its reference, and the gain-aligned results by the methods' names."""

    name: str
    frame: EncodedRGB
    reference: LinearRGB
    results: Mapping[str, LinearRGB]


def load_scene(
    saved: SavedResults, scene: str, methods: Sequence[str], *, cap: float = REFERENCE_CAP
) -> EvaluatedScene:
    """Reads a scene back; results are aligned and capped, and the reference is capped, as in the scores.

    Args:
        saved: what an evaluation kept.
        scene: its id.
        methods: names of the results.
        cap: the evaluation's, encoded; see `reference_cap`.

    Raises:
        InputError: something was not saved.
    """
    frame, reference = saved.frame(scene), saved.linear(REFERENCE, scene)
    results = {name: aligned(saved.linear(name, scene), frame, reference, cap) for name in methods}
    return EvaluatedScene(name=scene, frame=frame, reference=cut_at(reference, cap), results=results)


def aligned(prediction: LinearRGB, frame: EncodedRGB, reference: LinearRGB, cap: float = REFERENCE_CAP) -> LinearRGB:
    """A result at its reference's exposure, from 0 to the references' cap."""
    prediction = prediction.clamp(min=0)
    return align_gain(prediction, measure_gain(frame, reference, prediction), cap)


def reference_cap(results: Results) -> float:
    """Where an evaluation cut results and references, encoded."""
    return float(results.facts.get(CAP_FACT, REFERENCE_CAP))
