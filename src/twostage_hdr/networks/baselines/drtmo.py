"""DrTMO: two networks predict, at once, all darker and all brighter exposures [endo2017drtmo]."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from twostage_hdr.networks.baselines.exposure_unet import ExposureStackNetwork
from twostage_hdr.networks.baselines.supervised import pad_to_multiple
from twostage_hdr.networks.hyper_parameters import HyperParameters
from twostage_hdr.radiometry.gamma import HDM_GAMMA

EXPOSURES = 8
"""Exposures that each network predicts, [endo2017drtmo]."""

STOPS_APART = 0.5
"""Distance between neighbouring exposures, in stops: a factor of sqrt(2)."""

_DOUBLINGS = 3  # deconvolutions that double the exposure axis: 1 -> 8 = EXPOSURES
_LARGEST_FACTOR = 8


class DrTMO(ExposureStackNetwork):
    """A stack of 17 exposures, half a stop apart, merged.

        ldr -+-> darkening network  -> -4 ... -0.5 stops --+
             |----------------------------- 0 -------------+-> Debevec merge -> linear
             '-> brightening network -> +0.5 ... +4 stops -'

    Reduced: 16 features instead of 64, and five levels instead of nine by default (nine need sides that are multiples
    of 512 px). Sides are padded to multiples of 2^levels inside and cropped. The source masks the exposures that a
    bracketed training stack lacks; from an HDR reference all are known, so the mask is all ones here.

    Args:
        features: Channels of the first level (then 2, 4, 8, 8, ... times as many); 64 as published.
        levels: Convolutions of stride 2, at least 3; 9 as published.
        gamma: Exponent of the encoding, for the merge.

    Raises:
        ValueError: Fewer than 3 levels cannot double the exposure axis to 8.
    """

    def __init__(self, *, features: int = 16, levels: int = 5, gamma: float = HDM_GAMMA) -> None:
        stops = [STOPS_APART * step for step in (*range(-EXPOSURES, 0), *range(1, EXPOSURES + 1))]
        super().__init__(stops=stops, gamma=gamma)
        self.hyper_parameters: HyperParameters = {"features": features, "levels": levels, "gamma": gamma}
        self.darken = ExposureVolumeNetwork(features=features, levels=levels)
        self.brighten = ExposureVolumeNetwork(features=features, levels=levels)

    def supervised_output(
        self, ldr: Float[Tensor, "batch 3 height width"]
    ) -> Float[Tensor, "batch exposures 3 height width"]:
        """The predicted exposures, encoded, [0, 1], in the order of `stops`."""
        return torch.cat([self.darken(ldr), self.brighten(ldr)], dim=1)


class ExposureVolumeNetwork(nn.Module):
    """2-D encoder of one image, 3-D decoder of a volume (exposure, height, width) with the encoder's skips repeated."""

    def __init__(self, *, features: int, levels: int) -> None:
        super().__init__()
        if levels < _DOUBLINGS:
            raise ValueError(f"levels is {levels}; {_DOUBLINGS} or more are needed to reach {EXPOSURES} exposures")
        self.stride = 2**levels
        widths = [features * min(2**level, _LARGEST_FACTOR) for level in range(levels)]
        self.down = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(inputs, outputs, 4, stride=2, padding=1), nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2)
            )
            for inputs, outputs in zip([3, *widths[:-1]], widths, strict=True)
        )
        rising = [*widths[-2::-1], features]
        skips = [*widths[-2::-1], 3]
        inputs = [widths[-1], *(a + b for a, b in zip(rising[:-1], skips[:-1], strict=True))]
        self.up = nn.ModuleList()
        for level, (wide, narrow) in enumerate(zip(inputs, rising, strict=True)):
            kernel, stride = ((4, 4, 4), (2, 2, 2)) if level < _DOUBLINGS else ((3, 4, 4), (1, 2, 2))
            doubling = nn.ConvTranspose3d(wide, narrow, kernel, stride=stride, padding=1)
            self.up.append(nn.Sequential(doubling, nn.BatchNorm3d(narrow), nn.ReLU()))
        self.to_rgb = nn.Conv3d(rising[-1] + 3, 3, 3, padding=1)

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> Float[Tensor, "batch exposures 3 height width"]:
        """LDR image, encoded, [0, 1] -> 8 exposures, encoded, [0, 1]."""
        x = pad_to_multiple(image, self.stride)
        skips = [x]
        for down in self.down:
            x = down(x)
            skips.append(x)
        volume = skips.pop()[:, :, None]  # (B, C, 1 exposure, H / stride, W / stride)
        for up in self.up:
            volume = up(volume)
            skip = skips.pop()[:, :, None].expand(-1, -1, volume.shape[2], -1, -1)
            volume = torch.cat([volume, skip], dim=1)
        stack = torch.sigmoid(self.to_rgb(volume)).transpose(1, 2)  # (B, 8, 3, H, W)
        return stack[..., : image.shape[-2], : image.shape[-1]]
