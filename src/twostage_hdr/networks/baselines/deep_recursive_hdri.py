"""Deep Recursive HDRI: one network brightens, one darkens, each applied to its own results [lee2018recursive]."""

from collections.abc import Iterable

from torch import nn

from twostage_hdr.networks.baselines.exposure_unet import ExposureSteps, ExposureUNet
from twostage_hdr.networks.hyper_parameters import constructor_arguments
from twostage_hdr.radiometry.gamma import HDM_GAMMA


class DeepRecursiveHDRI(ExposureSteps):
    """An exposure stack by recursion, merged.

        ldr -> brighten -> +1 -> brighten -> +2 -> brighten -> +3 --+
         |---------------------------------------------- 0 ---------+-> Debevec merge -> linear
         '---> darken ---> -1 -> darken ---> -2 -> darken ---> -3 --'

    Reduced: a quarter of the published width by default (16 features instead of 64), and trained by the distance to
    the true exposures only (the source adds 1e-2 of a conditional least-squares PatchGAN).

    Args:
        features: Channels of the generators' first level; 64 as published.
        steps: Recursions in each direction, one stop each; 3 as published.
        gamma: Exponent of the encoding, for the merge.
    """

    def __init__(self, *, features: int = 16, steps: int = 3, gamma: float = HDM_GAMMA) -> None:
        super().__init__(steps=steps, gamma=gamma)
        self.hyper_parameters = constructor_arguments(locals())
        self.brighten, self.darken = ExposureUNet(features=features), ExposureUNet(features=features)

    def each_step(self) -> Iterable[tuple[nn.Module, nn.Module]]:
        """The same two networks in every step."""
        return [(self.darken, self.brighten)] * self.steps
