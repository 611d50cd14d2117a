"""The perceptual colour loss of stage II [sharif2021twostage]."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.radiometry.ciede2000 import ciede2000, encoded_to_lab
from twostage_hdr.radiometry.quantities import EncodedRGB


class PerceptualColourLoss(nn.Module):
    """Mean CIEDE2000 between the images, their encoded values read as sRGB, unclipped [sharma2005ciede2000].

    Stage II's loss is L_II = L1(I_H, I_16) + 1/255 of this (`conf/loss/tone_mapping.yaml`; the weight is from the
    authors' code): in CIEDE2000 units it is 50 to 120 times the L1 of the same images. Its steps: `ciede2000`.

    Args:
        differentiable: False gives the value without a gradient, which is what the published training code, whose
            colour loss runs outside the graph, does (an ablation).
    """

    def __init__(self, *, differentiable: bool = True) -> None:
        super().__init__()
        self.differentiable = differentiable

    def forward(self, prediction: EncodedRGB, target: EncodedRGB) -> Float[Tensor, ""]:
        """Scalar >= 0 from (B, 3, H, W) each, on their device."""
        with (
            torch.set_grad_enabled(self.differentiable and torch.is_grad_enabled()),
            torch.autocast(device_type=prediction.device.type, enabled=False),  # cubes and roots need the digits
        ):
            half = prediction.dtype in (torch.float16, torch.bfloat16)
            lab1 = encoded_to_lab(prediction.float() if half else prediction)  # (B, 3, H, W)
            lab2 = encoded_to_lab(target.to(lab1.dtype))  # (B, 3, H, W)
            return ciede2000(lab1, lab2).mean()
