from torch import nn

from twostage_hdr.networks.baselines.fhdr import FHDR
from twostage_hdr.networks.baselines.supervised import SupervisedOutput


def test_only_networks_that_say_so_are_supervised_on_something_else() -> None:
    assert isinstance(FHDR(features=4, growth=4), SupervisedOutput)
    assert not isinstance(nn.Conv2d(3, 3, 1), SupervisedOutput)
