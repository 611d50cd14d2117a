"""The loss of methods that predict a stack of exposures [endo2017drtmo, lee2018recursive, lee2018chain]."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.radiometry.gamma import decode_gamma, encode_gamma


class ExposureStackLoss(nn.Module):
    """mean |p_k - clip(2^s_k linear target, 0, 1)^(1/2.24)| over pixels, channels and exposures k.

    The true exposures are made from the HDR reference, so all are known: the mask by which the first of the sources
    leaves out missing ones is all ones.

    Args:
        stops: s_k, the predicted exposures relative to the input's, in the order of the network's `stops`.
    """

    def __init__(self, *, stops: Sequence[float | int]) -> None:
        super().__init__()
        self.stops = [float(stop) for stop in stops]

    def forward(
        self,
        prediction: Float[Tensor, "batch exposures 3 height width"],
        target: Float[Tensor, "batch 3 height width"],
    ) -> Float[Tensor, ""]:
        """Scalar in [0, 1], in encoded units.

        Args:
            prediction: The network's `supervised_output`: LDR images, encoded, [0, 1].
            target: Encoded reference.

        Raises:
            ValueError: The number of exposures is not that of the stops.
        """
        if prediction.shape[1] != len(self.stops):
            raise ValueError(f"the prediction has {prediction.shape[1]} exposures, the loss {len(self.stops)} stops")
        linear = decode_gamma(target)
        exposures = [encode_gamma((linear * 2.0**stop).clamp(max=1)) for stop in self.stops]
        return (prediction - torch.stack(exposures, dim=1)).abs().mean()
