"""How a network's image is made row by row: the one place that knows which networks can be taken apart, and how.

A class derived from one of these may compute something else, so it counts as another network and is run as it is.
"""

from typing import NamedTuple

from torch import nn

from twostage_hdr.networks.stage import Stage
from twostage_hdr.networks.two_stage import TwoStageNetwork
from twostage_hdr.networks.two_stage_context import ContextGain, TwoStageContextNetwork
from twostage_hdr.networks.two_stage_whole_frame import TwoStageWholeFrameNetwork


class RowPlan(NamedTuple):
    """The parts of a network."""

    network: nn.Module
    """Makes the rows."""
    stages: list[Stage]
    """What `network` consists of; none where it is neither the paper's network nor one of its stages."""
    radius: int | None
    """How far a pixel of `network`'s output sees, in pixels; None: the whole image, or it does not say."""
    context: ContextGain | None = None
    """Its gains are multiplied on the rows."""
    whole_frame: TwoStageWholeFrameNetwork | None = None
    """Looks at the whole frame first, and puts the light of what is clipped into the rows."""


def row_plan(network: nn.Module) -> RowPlan:
    """How this network is run: taken apart where it is one of this package's, else as one piece."""
    if type(network) is TwoStageWholeFrameNetwork:
        return row_plan(network.two_stage)._replace(context=network.context, whole_frame=network)
    if type(network) is TwoStageContextNetwork:
        return row_plan(network.two_stage)._replace(context=network.context)
    if stages := paper_stages(network):
        # conv_in, then five convolutions of each dense block
        return RowPlan(network, stages, sum(1 + 5 * len(stage.blocks) for stage in stages))
    return RowPlan(network, [], getattr(network, "receptive_radius", None))


def paper_stages(network: nn.Module) -> list[Stage]:
    """The stages of a network that is nothing but them, in their order; none of any other."""
    parts = [network.enhancement, network.tone_mapping] if type(network) is TwoStageNetwork else [network]
    stages = [part for part in parts if type(part) is Stage and _of_rdabs(part)]
    return stages if len(stages) == len(parts) else []


def _of_rdabs(stage: Stage) -> bool:
    return len(stage.blocks) > 0 and all(vars(type(block)).get("is_rdab") is True for block in stage.blocks)
