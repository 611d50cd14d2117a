"""A scene of an evaluation as pictures show it: every result at its reference's exposure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twostage_hdr.evaluation.gain_alignment import aligned, cut_at
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
