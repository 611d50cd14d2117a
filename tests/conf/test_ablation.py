"""An ablation changes one thing."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig

from twostage_hdr.cli.hydra_command import config_directory

ABLATIONS = sorted(path.stem for path in (config_directory() / "ablation").glob("*.yaml") if path.stem != "none")
ONE_STAGE = ("size_matched", "stage_one_alone", "stage_two_alone")
"""One network from the LDR frame to the 16-bit reference, instead of two."""
IN_TWO_STAGES = [name for name in ABLATIONS if name not in ONE_STAGE]
SMALL_NETWORK = ("module.network.features=8", "module.network.growth=4")
TINY = ("+module.discriminator.features=2", *SMALL_NETWORK)
ABSENT = object()


def leaves(config: Any, place: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    if not isinstance(config, dict):
        return {place: config}
    return {key: value for name, part in config.items() for key, value in leaves(part, (*place, name)).items()}


def changed(base: dict[str, Any], other: dict[str, Any]) -> list[tuple[str, ...]]:
    before, after = leaves(base), leaves(other)
    return sorted(key for key in before.keys() | after.keys() if before.get(key, ABSENT) != after.get(key, ABSENT))


def common(places: list[tuple[str, ...]]) -> tuple[str, ...]:
    """The innermost node that all places lie in."""
    shared = places[0]
    for place in places[1:]:
        length = next((i for i, (a, b) in enumerate(zip(shared, place, strict=False)) if a != b), len(place))
        shared = shared[:length]
    return shared


@pytest.mark.parametrize("ablation", IN_TWO_STAGES)
def test_an_ablation_changes_exactly_one_subtree(resolved: Callable[..., dict[str, Any]], ablation: str) -> None:
    places = changed(resolved("experiment=paper"), resolved("experiment=paper", f"ablation={ablation}"))
    assert places, "it changes nothing"
    # Deeper than `module` itself: one constructor argument.
    assert len(common(places)) >= 2, f"it changes {places}"


@pytest.mark.parametrize("ablation", ONE_STAGE)
def test_a_one_stage_ablation_is_the_one_network_module_with_another_network_and_nothing_else(
    resolved: Callable[..., dict[str, Any]], ablation: str
) -> None:
    composed = resolved("experiment=paper", f"ablation={ablation}")
    base = resolved("experiment=paper")
    assert {place[0] for place in changed(base, composed)} == {"module"}
    plain = resolved("experiment=paper", "module=one_network")
    assert {place[:2] for place in changed(plain, composed)} <= {("module", "network")}
    # The losses and the optimiser are stage II's.
    assert composed["module"]["loss"] == base["module"]["tone_mapping_loss"]
    assert composed["module"]["optimizer"] == base["module"]["optimizer"]


def test_the_one_stage_networks_are_the_stages_and_one_of_both_stages_size(
    resolved: Callable[..., dict[str, Any]],
) -> None:
    def parameters(*overrides: str) -> int:
        network = instantiate(resolved(*overrides)["module"]["network"])
        return sum(value.numel() for value in network.parameters())

    both = parameters()
    assert (parameters("ablation=stage_one_alone"), parameters("ablation=stage_two_alone")) == (555_655, 278_821)
    assert abs(parameters("ablation=size_matched") / both - 1) < 0.003


def test_no_two_ablations_are_the_same(resolved: Callable[..., dict[str, Any]]) -> None:
    composed = [str(resolved(f"ablation={name}")) for name in ABLATIONS]
    assert len(set(composed)) == len(ABLATIONS)


@pytest.mark.parametrize("ablation", ABLATIONS)
def test_what_an_ablation_describes_can_be_built(compose: Callable[..., DictConfig], ablation: str) -> None:
    settings = SMALL_NETWORK if ablation in (*ONE_STAGE, "without_gan") else TINY
    module = instantiate(compose(f"ablation={ablation}", *settings).module)
    assert module(torch.rand(1, 3, 9, 7)).shape == (1, 3, 9, 7)


def test_the_ablations_do_what_their_names_say(compose: Callable[..., DictConfig]) -> None:
    def built(ablation: str) -> Any:
        return instantiate(compose(f"ablation={ablation}", *TINY).module)

    def built_without(ablation: str) -> Any:
        return instantiate(compose(f"ablation={ablation}", *SMALL_NETWORK).module)

    for mode in ("sequential", "end_to_end"):
        assert built(mode).mode == mode
    assert built_without("without_gan").discriminator is None
    assert [part.name for part in built_without("without_gan").optimized_parts()] == ["enhancement", "tone_mapping"]
    assert built("without_colour").tone_mapping_loss.weights["colour"] == 0
    assert built("without_structure").objective.reconstruction.weights["structure"] == 0
    assert type(built("ms_ssim").objective.reconstruction.terms["structure"]).__name__ == "MSSSIMLoss"
    assert built("without_attention").network.hyper_parameters["attention"] is False


def test_the_colour_loss_without_gradient_is_a_number_only(compose: Callable[..., DictConfig]) -> None:
    loss = instantiate(compose("ablation=colour_without_gradient", *TINY).module).tone_mapping_loss.terms["colour"]
    with_gradient = instantiate(compose(*TINY).module).tone_mapping_loss.terms["colour"]
    image, target = torch.rand(2, 3, 8, 8, requires_grad=True), torch.rand(2, 3, 8, 8)
    assert with_gradient(image, target).requires_grad
    assert not loss(image, target).requires_grad
    torch.testing.assert_close(loss(image, target), with_gradient(image, target).detach())
