"""The discriminator of stage I's adversarial loss [sharif2021twostage]."""

from torch import nn
from torch.nn import functional as F

from twostage_hdr.networks.hyper_parameters import constructor_arguments
from twostage_hdr.radiometry.quantities import EncodedRGB, PerImage

WIDTHS = (1, 1, 2, 2, 4, 4, 8, 8)
"""Channels of the eight 3x3 convolutions, in units of the first one's (64) [sharif2021twostage]."""


class Discriminator(nn.Module):
    """How real an image looks: the mean logit of its patches. The sigmoid belongs to the loss.

    ::

        image -> conv 64 -> swish -> [conv -> batch norm -> swish] x 7 -> conv1x1 (to 1) -> mean -> logit
                            channels  64/2 128 128/2 256 256/2 512 512/2      ("/2": stride 2)

    With the default 64 features it has 4,689,601 trainable parameters. The 1x1 convolution has padding 1, as
    published: a frame of one pixel, whose logit is the bias, takes part in the mean.

    Args:
        features: channels of the first convolution.
    """

    def __init__(self, *, features: int = 64) -> None:
        super().__init__()
        self.hyper_parameters = constructor_arguments(locals())
        channels = [3, *(features * width for width in WIDTHS)]
        self.convs = nn.ModuleList(
            nn.Conv2d(channels[i], channels[i + 1], 3, stride=1 + i % 2, padding=1) for i in range(len(WIDTHS))
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in channels[2:])
        self.to_logit = nn.Conv2d(channels[-1], 1, 1, padding=1)

    def forward(self, image: EncodedRGB) -> PerImage:
        """(B, 3, H, W) to logits (B,); any H, W >= 1.

        In training mode batch norm needs more than one value per channel: B * ceil(H / 16) * ceil(W / 16) > 1.
        """
        x = F.silu(self.convs[0](image))  # (B, 64, H, W); swish is x * sigmoid(x)
        for conv, norm in zip(self.convs[1:], self.norms, strict=True):
            x = F.silu(norm(conv(x)))  # (B, 64..512, H/2..H/16, W/2..W/16), rounded up
        return self.to_logit(x).mean(dim=(1, 2, 3))  # (B, 1, h + 2, w + 2) -> (B,)
