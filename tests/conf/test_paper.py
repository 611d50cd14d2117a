"""The defaults and `experiment=paper` against the numbers that the paper prints [sharif2021twostage]."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig

from twostage_hdr.cli.hydra_command import config_directory
from twostage_hdr.networks.stage import Stage

Compose = Callable[..., DictConfig]
Resolved = Callable[..., dict[str, Any]]

RECIPES = [(), ("experiment=paper",)]


@pytest.mark.parametrize("recipe", RECIPES, ids=["defaults", "experiment=paper"])
def test_the_networks_have_the_papers_sizes(compose: Compose, recipe: tuple[str, ...]) -> None:
    for name, count in {"enhancement": 555_655, "tone_mapping": 278_821, "two_stage": 834_476}.items():
        network = instantiate(compose(*recipe, f"module={name}").module.network)
        assert sum(parameter.numel() for parameter in network.parameters()) == count
    discriminator = instantiate(compose(*recipe).module.discriminator)
    assert sum(parameter.numel() for parameter in discriminator.parameters()) == 4_689_601


@pytest.mark.parametrize("recipe", RECIPES, ids=["defaults", "experiment=paper"])
def test_the_optimisation_is_the_papers(compose: Compose, recipe: tuple[str, ...]) -> None:
    config = compose(*recipe)
    module = instantiate(config.module)
    assert [part.name for part in module.optimized_parts()] == ["enhancement", "tone_mapping", "discriminator"]
    for part in module.optimized_parts():
        optimizer = part.optimizer([torch.nn.Parameter(torch.zeros(1))])
        assert type(optimizer) is torch.optim.Adam
        assert (optimizer.defaults["lr"], tuple(optimizer.defaults["betas"])) == (5e-4, (0.9, 0.99))
        assert optimizer.defaults["weight_decay"] == 0
        assert part.schedule is None
    assert (module.mode, module.clip_norm) == ("simultaneous", None)
    assert config.trainer.max_epochs == 25
    assert config.trainer.precision == "32-true"
    assert "ema" not in config.callbacks
    # From random weights: the identity start is ours.
    assert (config.weights, config.identity_start) == (None, False)
    assert module.network.enhancement.conv_out.weight.any()


@pytest.mark.parametrize("recipe", RECIPES, ids=["defaults", "experiment=paper"])
def test_the_losses_are_the_papers(compose: Compose, recipe: tuple[str, ...]) -> None:
    module = instantiate(compose(*recipe).module)
    objective = module.objective
    names = {name: type(term).__name__ for name, term in objective.reconstruction.terms.items()}
    assert names == {"l1": "L1Loss", "structure": "SSIMLoss"}
    assert objective.reconstruction.weights == {"l1": 1.0, "structure": 1.0}
    assert objective.adversarial_weight == 1e-3
    assert (objective.adversarial.real_labels, objective.adversarial.fake_labels) == ((0.7, 1.2), (0.0, 0.3))
    names = {name: type(term).__name__ for name, term in module.tone_mapping_loss.terms.items()}
    assert names == {"l1": "L1Loss", "colour": "PerceptualColourLoss"}
    assert module.tone_mapping_loss.weights == {"l1": 1.0, "colour": 1 / 255}  # of the authors' code


@pytest.mark.parametrize("recipe", RECIPES, ids=["defaults", "experiment=paper"])
def test_the_patches_are_the_papers(compose: Compose, recipe: tuple[str, ...]) -> None:
    data = compose(*recipe).data
    assert (data.batch_size, data.patch_size, data.crop_size, data.patches_per_epoch) == (8, 256, 128, 7551)
    assert (data.flips, data.fresh_patches, data.zoom) == (False, False, 1.0)


def test_the_papers_data_are_hdm_split_1000_to_289(compose: Compose) -> None:
    data = compose("experiment=paper").data
    assert data.source._target_.endswith("HdmSource")
    assert round(1289 * data.test_fraction) == 289
    assert 0.98 * 1000 < 1289 * (1 - data.test_fraction - data.val_fraction) < 1000
    # Table 1 takes the medium frame, on whose scale the references are; table 2 any frame with the same reference.
    assert data.source.exposure == "medium"
    source = compose("experiment=paper", "data=hdm_paper_any_exposure").data.source
    assert (source.exposure, source.align) == ("random", "medium")


@pytest.mark.parametrize("name", sorted(path.stem for path in (config_directory() / "experiment").glob("*.yaml")))
def test_no_experiment_chooses_the_precision(compose: Compose, name: str) -> None:
    config = compose(f"experiment={name}", "trainer=cpu_bf16")
    assert (config.trainer.accelerator, config.trainer.precision) == ("cpu", "bf16-mixed")


def leaves(config: Any, place: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    if not isinstance(config, dict):
        return {place: config}
    return {key: value for name, part in config.items() for key, value in leaves(part, (*place, name)).items()}


def test_the_papers_recipe_differs_from_the_defaults_in_its_data_alone(resolved: Resolved) -> None:
    defaults, paper = leaves(resolved()), leaves(resolved("experiment=paper"))
    changed = {place for place in defaults.keys() | paper.keys() if defaults.get(place, ...) != paper.get(place, ...)}
    assert {place[0] for place in changed} == {"data", "camera"}


def test_the_one_stage_variants_are_stages_of_the_papers_kinds(compose: Compose) -> None:
    for ablation, blocks, factor in (("stage_one_alone", 2, 0.2), ("stage_two_alone", 1, 0.5)):
        network = instantiate(compose(f"ablation={ablation}").module.network)
        assert isinstance(network, Stage)
        assert network.hyper_parameters["blocks"] == blocks
        assert network.hyper_parameters["residual_factor"] == factor
