"""Trained weights as the start of another run."""

from torch import nn

from twostage_hdr.errors import InputError
from twostage_hdr.inference.network_description import shapes_of
from twostage_hdr.networks.multi_shot import MultiShotNetwork
from twostage_hdr.networks.stage import Stage
from twostage_hdr.networks.two_stage import TwoStageNetwork
from twostage_hdr.networks.two_stage_context import TwoStageContextNetwork
from twostage_hdr.networks.two_stage_whole_frame import TwoStageWholeFrameNetwork


def enhancement_stage(network: nn.Module, where: str) -> Stage:
    """Stage I of a two-stage network, or the one-stage network itself.

    Raises:
        InputError: the network holds no stage.
    """
    if isinstance(network, TwoStageNetwork):
        return network.enhancement
    if isinstance(network, Stage):
        return network
    raise InputError(where, f"holds a {type(network).__name__}", "stage I needs a Stage or a TwoStageNetwork")


def start_from(network: nn.Module, trained: nn.Module, where: str) -> str:
    """Copies trained weights into a new run's network and says what was copied.

    A two-stage network takes both stages from another one, or stage I alone from a stage; a stage takes a stage, or
    the stage of a two-stage network that has its number of parameters; the variants with context and with a view of
    the whole frame take the two-stage network inside them, a network of several shots the two stages.

    Raises:
        InputError: the two do not fit.
    """
    targets: list[tuple[str, nn.Module, nn.Module]] = [("all weights", network, trained)]
    if isinstance(network, TwoStageNetwork) and isinstance(trained, Stage):
        targets = [("stage I", network.enhancement, trained)]
    elif isinstance(network, Stage) and isinstance(trained, TwoStageNetwork):
        targets = [("stage I", network, trained.enhancement), ("stage II", network, trained.tone_mapping)]
    elif isinstance(network, TwoStageWholeFrameNetwork) and isinstance(trained, TwoStageContextNetwork):
        network.context.load_state_dict(trained.context.state_dict())
        targets = [("both stages and context", network.two_stage, trained.two_stage)]
    elif isinstance(network, TwoStageContextNetwork | TwoStageWholeFrameNetwork) and isinstance(
        trained, TwoStageNetwork
    ):
        targets = [("both stages", network.two_stage, trained)]
    elif isinstance(network, MultiShotNetwork) and isinstance(trained, TwoStageNetwork):
        targets = [("both stages", _stages(network), _stages(trained))]
    for what, target, source in targets:
        state = source.state_dict()
        if shapes_of(target.state_dict()) == shapes_of(state):
            target.load_state_dict(state)
            return what
    raise InputError(
        f"weights={where}",
        f"its {type(trained).__name__} does not fit this run's {type(network).__name__}",
        "choose weights of the same architecture and size",
    )


def _stages(network: TwoStageNetwork | MultiShotNetwork) -> nn.Module:
    """The layers that a single photograph passes through."""
    stage = network.enhancement
    return nn.ModuleList([stage.conv_in, stage.blocks, stage.conv_out, network.tone_mapping])
