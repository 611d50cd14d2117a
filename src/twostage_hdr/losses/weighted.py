"""The weighted sum of named losses."""

from collections.abc import Mapping

from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.errors import InputError
from twostage_hdr.radiometry.quantities import EncodedRGB


class WeightedLoss(nn.Module):
    """sum_k weight_k * term_k(prediction, target), with the terms handed back for the log.

    Args:
        terms: losses by name, each `(prediction, target) -> scalar`.
        weights: a weight for every term, dimensionless; the names are those of `terms`.

    Raises:
        InputError: the names differ.
    """

    def __init__(self, *, terms: Mapping[str, nn.Module], weights: Mapping[str, float | int]) -> None:
        super().__init__()
        if set(terms) != set(weights) or not terms:
            seen = f"terms are {sorted(terms)} but weights are {sorted(weights)}"
            raise InputError("loss", seen, "give every term one weight")
        self.terms = nn.ModuleDict(dict(terms))
        self.weights = {name: float(weights[name]) for name in terms}

    def forward(
        self, prediction: Float[Tensor, "..."], target: EncodedRGB
    ) -> tuple[Float[Tensor, ""], dict[str, Tensor]]:
        """The weighted total, and each term unweighted and detached from the graph.

        Args:
            prediction: what the terms take; some compared methods predict a stack of images.
            target: encoded reference.
        """
        values = {name: term(prediction, target) for name, term in self.terms.items()}
        total = sum((self.weights[name] * value for name, value in values.items()), start=prediction.new_zeros(()))
        return total, {name: value.detach() for name, value in values.items()}
