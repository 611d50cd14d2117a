"""The pinball loss: least where a share `quantile` of the targets lies below the prediction [koenker1978quantiles]."""

from jaxtyping import Float
from torch import Tensor, nn

SMALLEST_WEIGHT = 1e-6


class PinballLoss(nn.Module):
    """mean of max(q (y - x), (q - 1) (y - x)), x the prediction, y the target; each value with its weight.

    The mean is over the values of an image, then over the images in which something has weight, as the scores' is.

    Args:
        quantile: q, in (0, 1); at 0.5 the loss is half of the L1.
    """

    def __init__(self, *, quantile: float) -> None:
        super().__init__()
        self.quantile = quantile

    def forward(
        self,
        prediction: Float[Tensor, "batch *shape"],
        target: Float[Tensor, "batch *shape"],
        weight: Float[Tensor, "batch *shape"],
    ) -> Float[Tensor, ""]:
        """Scalar >= 0, in the unit of the values; 0 where nothing has weight."""
        above = target - prediction
        each = (self.quantile * above).maximum((self.quantile - 1) * above)
        total = weight.flatten(1).sum(1)
        means = (weight * each).flatten(1).sum(1) / total.clamp(min=SMALLEST_WEIGHT)
        return means.sum() / (total > SMALLEST_WEIGHT).sum().clamp(min=1)
