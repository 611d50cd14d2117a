"""ExpandNet's loss: L1 and the angle between colours [marnerides2018expandnet]."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.radiometry.gamma import decode_gamma
from twostage_hdr.radiometry.quantities import EncodedRGB, LinearRGB


class ExpandNetLoss(nn.Module):
    """mean |p - t| + w mean (1 - cos(p, t)), cosine over R, G, B; t = target stretched to [0, 1], linear.

    Black target pixels have no colour and are left out of the second mean (the source counts them as wrong whatever
    the prediction is).

    Args:
        cosine_weight: w, 5 as published.
    """

    def __init__(self, *, cosine_weight: float = 5.0) -> None:
        super().__init__()
        self.cosine_weight = cosine_weight

    def forward(self, prediction: LinearRGB, target: EncodedRGB) -> Float[Tensor, ""]:
        """Scalar >= 0, dimensionless.

        Args:
            prediction: The network's `supervised_output`: linear, [0, 1].
            target: Encoded reference; linearised and stretched, image by image, here.
        """
        linear = decode_gamma(target)
        low, high = linear.amin(dim=(1, 2, 3), keepdim=True), linear.amax(dim=(1, 2, 3), keepdim=True)
        stretched = (linear - low) / torch.where(high > low, high - low, 1)
        coloured = stretched.amax(dim=1) > 0  # (B, H, W)
        angle = (1 - F.cosine_similarity(prediction, stretched, dim=1)) * coloured
        return (prediction - stretched).abs().mean() + self.cosine_weight * angle.sum() / coloured.sum().clamp(min=1)
