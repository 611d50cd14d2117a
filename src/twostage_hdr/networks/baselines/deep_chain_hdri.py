"""Deep Chain HDRI: a chain of networks, one for each change of exposure [lee2018chain]."""

from collections.abc import Iterable

from torch import nn

from twostage_hdr.networks.baselines.exposure_unet import ExposureSteps, ExposureUNet
from twostage_hdr.networks.hyper_parameters import constructor_arguments
from twostage_hdr.radiometry.gamma import HDM_GAMMA


class DeepChainHDRI(ExposureSteps):
    """An exposure stack by a chain of sub-networks, merged.

        ldr -> B1 -> +1 -> B2 -> +2 -> B3 -> +3 --+
         |---------------------------- 0 ---------+-> Debevec merge -> linear
         '---> D1 -> -1 -> D2 -> -2 -> D3 -> -3 --'

    Reduced: each sub-network is the U-Net of the recursive method by the same authors, at 16 features by default; the
    sub-networks are trained together (the source trains them one after the other).

    Args:
        features: Channels of the sub-networks' first level.
        steps: Sub-networks in each direction, one stop each; 3 as published.
        gamma: Exponent of the encoding, for the merge.
    """

    def __init__(self, *, features: int = 16, steps: int = 3, gamma: float = HDM_GAMMA) -> None:
        super().__init__(steps=steps, gamma=gamma)
        self.hyper_parameters = constructor_arguments(locals())
        self.brighten = nn.ModuleList(ExposureUNet(features=features) for _ in range(steps))
        self.darken = nn.ModuleList(ExposureUNet(features=features) for _ in range(steps))

    def each_step(self) -> Iterable[tuple[nn.Module, nn.Module]]:
        """Every sub-network once."""
        return zip(self.darken, self.brighten, strict=True)
